"""What a training run tells and how it stops: a progress bar of our own, and Ctrl-C as a saved, resumable state."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers import TrainerCallback

from guerdon.core.progress import Progress
from guerdon.models.processes import largest


class Bar(TrainerCallback):
    """The steps of one training as a `Progress`, with the last validation figures as its note."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.bar: Progress | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.bar = Progress(self.what, state.max_steps, "steps")
        self.bar.__enter__()
        self.bar.resume(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.bar is not None:
            self.bar.advance(1)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any) -> None:
        if self.bar is not None and metrics:
            shown = [
                f"{k.removeprefix('eval_')} {metrics[k]:.3f}" for k in ("eval_loss", "eval_accuracy") if k in metrics
            ]
            self.bar.advance(0, note="validation " + ", ".join(shown))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.bar is not None:
            self.bar.__exit__(None, None, None)


class StopAtStep(TrainerCallback):
    """After the first Ctrl-C, saves at the end of the step under way and stops; a second one stops at once."""

    def __init__(self) -> None:
        self.asked = False

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if largest([int(self.asked)], args.device)[0]:  # one process is asked first; all stop after the same step
            self.asked = True
            control.should_save = control.should_log = True
            control.should_evaluate = False
            control.should_training_stop = True

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Takes over Ctrl-C for the time of a training; raises KeyboardInterrupt at its end when one came."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def note(number: int, frame: Any) -> None:
            if self.asked:
                raise KeyboardInterrupt
            self.asked = True

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
        if self.asked:
            raise KeyboardInterrupt
