"""The flags that every command takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sqs_tui.cli_numbers import Number, WholeNumber
from sqs_tui.color_choice import use_colors
from sqs_tui.theme_choice import THEME_NAMES, check_theme

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENTS = "local, integration, staging or production (default: $APP_ENV, else local)"


def global_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags that may stand before or after a command's name."""
    options = [
        click.option("--env", metavar="NAME", help=f"Environment: {ENVIRONMENTS}."),
        click.option("--endpoint-url", metavar="URL", help="Where SQS answers (local default: LocalStack's, $LOCALSTACK_HOST)."),
        click.option("--region", metavar="NAME", help="AWS region (default: $AWS_REGION, $AWS_DEFAULT_REGION)."),
        click.option("--profile", metavar="NAME", help="Profile of the shared configuration; deployed environments only."),
        click.option("--sts-endpoint-url", metavar="URL", help="Where STS answers, for the identity's own calls."),
        click.option(
            "--allow-shared-credentials", is_flag=True, default=None, help="Accept static keys of shared files (deployed)."
        ),
        click.option("--allow-endpoint", metavar="HOST", multiple=True, help="Also trust this endpoint host."),
        click.option("--allow-writes", is_flag=True, default=None, help="Unlock writes where deployed; needs --reason."),
        click.option("--reason", metavar="TEXT", help="Why you write there; goes into the action log."),
        click.option("--read-only", is_flag=True, default=None, help="Refuse everything that receives, deletes or sends."),
        click.option(
            "--fps",
            type=WholeNumber(1, 10),
            metavar="N",
            help="Frames a second, 1-10 (default: settings.toml, else 4, fewer while busy).",
        ),
        click.option(
            "--watch-terminal/--no-watch-terminal",
            default=None,
            help="Ask the terminal every 5 s whether it is there: after 20 s of silence pause, after 60 s drain and leave. No "
            "consumer outlives a dead `kubectl exec` then (default: on in Kubernetes; one that never answers is left alone).",
        ),
        click.option("--terminal-limits", type=Number(), nargs=3, hidden=True),
        click.option(
            "--theme", metavar="NAME", help=f"Colours: {', '.join(THEME_NAMES)} (default: settings.toml, else by the terminal)."
        ),
        click.option("--color", type=click.Choice(["16", "256", "truecolor"]), help="Colours (default: what the terminal says)."),
        click.option("--log-file", metavar="PATH", type=click.Path(dir_okay=False), help="Also write events as JSON Lines here."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def recording_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What is written down for `play`."""
    options = [
        click.option(
            "--record", metavar="FILE", help="Write what is seen to this new file, masked; `sqs-tui play FILE` shows it."
        ),
        click.option(
            "--record-limit-mib",
            type=WholeNumber(1, 1024),
            metavar="N",
            help="The recording ends at so many MiB (default: 64).",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def shared(context: click.Context, own: dict[str, Any]) -> dict[str, Any]:
    """Global flags, those after the command's name first, checked."""
    before = context.obj or {}
    return checked({name: value if value not in (None, ()) else before.get(name, value) for name, value in own.items()})


def checked(flags: dict[str, Any]) -> dict[str, Any]:
    """The same flags. Raises `ConfigurationError` for a theme that there is not."""
    use_colors(flags["color"])
    check_theme(flags["theme"])
    return flags
