"""Screens over the main one that live on frames, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from sqs_tui.viewer import Frame


@runtime_checkable
class DrawsFrames(Protocol):
    """A screen that is given each frame while it is on top."""

    def draw_frame(self, frame: Frame) -> None:
        """Show what this frame says; paint only what is new."""
