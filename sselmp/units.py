"""Physical constants (CODATA 2018) and conversion factors; internal units are LAMMPS metal (Å, eV, ps, K, bar)."""

BOLTZMANN_EV_PER_K = 8.617333262e-5
ELEMENTARY_CHARGE_C = 1.602176634e-19
FS_PER_PS = 1000.0
BOHR_A = 0.529177210903
EV_PER_A3_IN_BAR = 1.602176634e6
EV_PER_A3_IN_GPA = 160.2176634
A2_PER_PS_IN_CM2_PER_S = 1.0e-4
# σ = n z² e² D / (k_B T) with D in Å²/ps, n in 1/Å³ and k_B T in eV: one e cancels against the eV, and
# 1 Å²/ps · 1/Å³ = 1e22 /(m s).
NERNST_EINSTEIN_IN_S_PER_M = ELEMENTARY_CHARGE_C * 1.0e22
S_PER_M_IN_MS_PER_CM = 10.0
# 1 Pa s = 1 J s/m³ = 1e12 ps · 1e-30 /Å³ / 1.602176634e-19 eV
MPA_S_IN_EV_PS_PER_A3 = 1.0e-3 * 1.0e-18 / ELEMENTARY_CHARGE_C
PLANCK_EV_PER_THZ = 4.135667696e-3
GAS_CONSTANT_J_PER_MOL_K = 8.314462618
EV_IN_KJ_PER_MOL = 96.48533212
