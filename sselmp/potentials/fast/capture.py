"""Recording a step once as a CUDA graph and repeating it in one launch; without a GPU the step is simply made."""

from __future__ import annotations

from collections.abc import Callable

WARM_UP = 3  # steps before the recording, for libraries that choose or compile kernels at their first calls


class Repeated:
    """A step that is repeated with the same arrays.

    Args:
        step: What to do; it reads and writes the same arrays each time, and looks at no value on the host.
        device: ``cpu``, ``cuda``, ``cuda:N``.

    Attributes:
        reason: Why it is not replayed from a recording, where it could be.
    """

    def __init__(self, step: Callable[[], None], *, device: str) -> None:
        self._step, self._device = step, device
        self._recording: object | None = None
        self.reason = ""
        if device != "cpu":
            self._record()

    def __call__(self) -> None:
        """Make the step and wait for its end."""
        if self._recording is None:
            self._step()
        else:
            self._recording.replay()  # type: ignore[attr-defined]  # torch.cuda.CUDAGraph
        if self._device != "cpu":
            import torch

            torch.cuda.current_stream(self._device).synchronize()

    def _record(self) -> None:
        import torch

        with torch.cuda.device(self._device):
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(WARM_UP):
                    self._step()
            torch.cuda.current_stream().wait_stream(aside)
            recording = torch.cuda.CUDAGraph()
            try:
                with torch.cuda.graph(recording):
                    self._step()
            except RuntimeError as error:  # a model that copies from the host or asks for a value cannot be recorded
                torch.cuda.synchronize()
                self.reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
                return
        self._recording = recording
