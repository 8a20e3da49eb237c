"""Every file and folder name that two parts of sselmp must agree on; reads and writes nothing."""

from __future__ import annotations

import os
from pathlib import Path

# -- a run folder ------------------------------------------------------------------------------------------------------
INPUT_SCRIPT = "in.lammps"
POTENTIAL_SCRIPT = "potential.lmp"
STRUCTURE_DATA = "structure.data"
MANIFEST = "manifest.json"
RESTARTS = "restarts"  # restarts/<step>.restart
FINISHED = "finished.txt"  # written by LAMMPS itself after the last step, so it is there without sselmp too
LOCK = "run.lock"
PREFLIGHT = "preflight.json"  # the record of the potential's preflight
START_RESTART = "start.restart"  # where a run at constant energy begins
THERMOSTAT_JSON = "thermostat.json"  # D of such a run beside that of the run it began from
PROGRAM_OUTPUT = "program.out"  # stdout and stderr of the last program started here

# -- results/<campaign>/<potential>/<system>/ --------------------------------------------------------------------------
RUNS = "runs"
CONSTANT_ENERGY = "constant-energy"  # runs that continue one of RUNS without its thermostat
OWN_CARDS = "cards"  # results/cards/: written for --weights
TRANSPORT_JSON = "transport.json"
TRANSPORT_CSV = "transport.csv"
MSD_FIGURE = "msd.png"
ARRHENIUS_FIGURE = "arrhenius.png"
TRAJECTORY = "trajectory"  # trajectory/<run>/: how the ions of one run move
HOP_RATES_JSON = "rates.json"
HOP_RATES_FIGURE = "rates.png"
COMPARISON_JSON = "comparison.json"
COMPARISON_ARRAYS = "comparison.npz"
COMPARISON_FIGURE = "comparison.png"
COMPARISON_PAGE = "comparison.html"
STATICS_JSON = "statics.json"  # results/statics/<potential>/: all static properties found with it
STATICS_CSV = "statics.csv"
FORCES = "forces"  # results/statics/<potential>/<structure>/forces/: of configurations, one file each

# -- a hull and a voltage profile, in the folder of a structure's statics ----------------------------------------------
HULL_JSON = "hull.json"
HULL_CSV = "hull.csv"
HULL_FIGURE = "hull.png"
HULL_PAGE = "hull.html"
VOLTAGE_JSON = "voltage.json"
VOLTAGE_CSV = "voltage.csv"
VOLTAGE_FIGURE = "voltage.png"

# -- environments ------------------------------------------------------------------------------------------------------
ENVIRONMENT_STAMP = "sselmp-environment.json"
WEIGHTS_PINS = "sselmp-pins.json"  # in the weights' folder: hashes that the user vouches for
PLUGIN_FILE = "sselmpplugin.so"  # LAMMPS loads only names that end in plugin.so
E3GNN_PLUGIN_FILE = "e3gnnplugin.so"
EXPORT_RECORD = "export.json"

# -- variables of the process environment ------------------------------------------------------------------------------
WEIGHTS_VARIABLE = "SSELMP_WEIGHTS"
HOME_VARIABLE = "SSELMP_HOME"
BATCH_VARIABLE = "SSELMP_BATCH"  # socket of the batch server that evaluates this run's potential


def trajectory_name(segment: int) -> str:
    """Dump file of one segment (a start or a resumption) of a run."""
    return f"trajectory.{segment}.lammpstrj"


def log_name(segment: int) -> str:
    """LAMMPS log of one segment of a run."""
    return f"log.{segment}.lammps"


def restart_name(step: int | str) -> str:
    """Restart file of one step, relative to the run folder."""
    return f"{RESTARTS}/{step}.restart"


def package_folder() -> Path:
    """Folder of the Python package itself."""
    return Path(__file__).resolve().parent


def project_root() -> Path:
    """Folder that holds ``potentials/``, ``inputs/`` and ``templates/``.

    ``SSELMP_HOME`` where it is set, the checkout where sselmp is installed from one, else the copy inside the package.
    """
    if named := os.environ.get(HOME_VARIABLE):
        return Path(named).expanduser().resolve()
    checkout = package_folder().parent
    return checkout if (checkout / "potentials").is_dir() else package_folder() / "data"


def cards_folder() -> Path:
    """Folder of the potentials' cards."""
    return project_root() / "potentials"


def pins_file(environment: str) -> Path:
    """Exact requirements of a potential's environment."""
    return cards_folder() / "environments" / f"{environment}.txt"


def overrides_file(environment: str) -> Path:
    """Requirements that replace those which packages of an environment ask for; most environments have none."""
    return cards_folder() / "environments" / f"{environment}.overrides.txt"


def environment_names() -> tuple[str, ...]:
    """Environments that have pins, sorted."""
    found = (cards_folder() / "environments").glob("*.txt")
    return tuple(sorted(path.stem for path in found if not path.name.endswith(".overrides.txt")))


def jump_graph_page() -> Path:
    """The page that shows a network of hops in a browser, with a place for its data."""
    return templates_folder() / "jump_graph.html"


def density_page() -> Path:
    """The page that shows a density in a browser, with a place for its data."""
    return templates_folder() / "density.html"


def turning_script() -> Path:
    """What makes both of these turn, which stands in them."""
    return templates_folder() / "turning.js"


def weights_folder() -> Path:
    """Folder of weights that no package ships: ``SSELMP_WEIGHTS`` where it is set, else beside the environments."""
    if named := os.environ.get(WEIGHTS_VARIABLE):
        return Path(named).expanduser().resolve()
    return environments_folder().parent / ".weights"


def systems_folder() -> Path:
    """Folder of the systems that come with sselmp."""
    return project_root() / "inputs" / "systems"


def phases_folder() -> Path:
    """Folder of the phases that systems compete with."""
    return project_root() / "inputs" / "phases"


def hull_folder(way: str, *, reference: str) -> str:
    """Folder of a structure's hull and voltages, in that of its statics: each way and reference has its own."""
    return "-".join(["hull", *f"{way} {reference}".lower().replace("+", "").split()])


def campaigns_folder() -> Path:
    """Folder of the campaigns that come with sselmp."""
    return project_root() / "inputs" / "campaigns"


def statics_settings_folder() -> Path:
    """Folder of the settings of static properties that come with sselmp."""
    return project_root() / "inputs" / "statics"


def templates_folder() -> Path:
    """Folder of the Jinja2 templates."""
    return project_root() / "templates"


def environments_folder() -> Path:
    """Folder of the potentials' virtual environments: beside the checkout's own, else under the working folder."""
    root = project_root()
    home = root if root != package_folder() / "data" else Path.cwd()
    return home / ".venvs"


def batch_records(prefix: Path) -> Path:
    """Folder, in a potential's environment, of what was measured of its batches."""
    return prefix / "share" / "sselmp" / "batches"


def preflight_folder(base: Path | None = None) -> Path:
    """Folder of the preflights' records, under ``base`` (default ``./results``)."""
    return (base or Path("results")) / "preflight"


def bench_file(potential: str, *, base: Path | None = None) -> Path:
    """File of a potential's timings, under ``base`` (default ``./results``)."""
    return (base or Path("results")) / "bench" / f"{potential}.json"


def statics_folder(potential: str, *, base: Path | None = None) -> Path:
    """Folder of a potential's static properties, under ``base`` (default ``./results``); one folder a structure."""
    return (base or Path("results")) / "statics" / potential


def results_folder(campaign: str, *, potential: str, system: str, base: Path | None = None) -> Path:
    """Folder of one potential's results on one system in one campaign, under ``base`` (default ``./results``)."""
    return (base or Path("results")) / campaign / potential / system
