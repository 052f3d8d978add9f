"""The command line. It imports neither Textual nor boto3 before a command needs them."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import click

from sqs_core.errors import LONGEST_TEXT, ConfigurationError, SqsTuiError, describe
from sqs_core.masking import mask_secrets
from sqs_core.version import __version__
from sqs_tui.secrecy import hide_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_REFUSED = 2
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
        click.option("--fps", type=click.IntRange(1, 10), metavar="N", help="Frames a second, 1-10 (default: 4)."),
        click.option("--theme", metavar="NAME", help="Colour theme, such as textual-light or ansi-dark."),
        click.option("--color", type=click.Choice(["16", "256", "truecolor"]), help="Colours (default: what the terminal says)."),
        click.option("--log-file", metavar="PATH", type=click.Path(dir_okay=False), help="Also write events as JSON Lines here."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def shared(context: click.Context, own: dict[str, Any]) -> dict[str, Any]:
    """Global flags, those after the command's name first."""
    before = context.obj or {}
    return {name: value if value not in (None, ()) else before.get(name, value) for name, value in own.items()}


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Examples: sqs-tui demo  ·  sqs-tui consume orders --handler app.jobs:handle  ·  sqs-tui inspect",
)
@click.version_option(__version__, message="sqs-tui %(version)s")
@global_options
@click.pass_context
def cli(context: click.Context, /, **own: Any) -> None:
    """Watch and steer Amazon SQS consumers from a terminal.

    Without a command: the queues of the environment's endpoint; nothing is consumed until you press c.
    """
    context.obj = own
    if context.invoked_subcommand is None:
        from sqs_tui.run import browse

        context.exit(browse(own))


@cli.command(epilog="Example: sqs-tui --env staging inspect")
@global_options
@click.pass_context
def inspect(context: click.Context, /, **own: Any) -> None:
    """Look at the endpoint's queues; receives nothing and changes nothing."""
    from sqs_tui.run import browse

    context.exit(browse({**shared(context, own), "read_only": True}))


@cli.command(
    epilog="Examples: sqs-tui consume orders --handler app.jobs:handle  ·  "
    "sqs-tui consume orders --handler 'exec:./handle.sh' --headless --max-messages 100"
)
@click.argument("queues", nargs=-1, required=True, metavar="QUEUE...")
@click.option("--handler", metavar="SPEC", help="module:function, exec:COMMAND, http://URL, or builtin:echo|noop|sleep|fail.")
@click.option("--workers", type=int, default=8, show_default=True, help="Threads that handle, one message each.")
@click.option("--pollers", type=int, default=2, show_default=True, help="Threads that receive.")
@click.option("--wait", type=int, default=20, show_default=True, help="Long poll, seconds (0-20).")
@click.option("--visibility", type=int, help="Visibility timeout, seconds (default: the queue's).")
@click.option("--batch", type=int, default=10, show_default=True, help="Messages a receive (1-10).")
@click.option("--read-timeout", type=float, help="Client's timeout of a poll, seconds (default: wait + 10).")
@click.option("--drain-timeout", type=float, default=25, show_default=True, help="How long a stop may take, seconds.")
@click.option("--handler-timeout", type=float, help="Past so many seconds a handler counts as hung.")
@click.option("--headless", is_flag=True, help="No screen: events as JSON on stderr, a report as JSON on stdout at the end.")
@click.option("--max-messages", type=click.IntRange(1), metavar="N", help="Stop after so many messages are finished (headless).")
@click.option("--duration", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop after so many seconds (headless).")
@global_options
@click.pass_context
def consume(context: click.Context, /, queues: tuple[str, ...], **own: Any) -> None:
    """Consume QUEUEs (names, URLs or ARNs) with a handler, and show it.

    Consuming receives messages and deletes those that were handled. SIGTERM, SIGINT and q drain; a second one stops at
    once. Exit codes: 0 done, 1 cut short or failed, 2 refused.
    """
    from sqs_tui.run import consume_queues

    context.exit(consume_queues(queues, shared(context, own)))


@cli.command(
    epilog="Examples: sqs-tui doctor  ·  sqs-tui doctor orders --handler-p95 12  ·  "
    "sqs-tui --env staging doctor orders --probe --json"
)
@click.argument("queue", required=False, metavar="[QUEUE]")
@click.option("--probe", is_flag=True, help="Also ask every credential provider, and try a delete that can delete nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of text.")
@click.option("--wait", type=click.IntRange(0, 20), default=20, show_default=True, help="The consumer's long poll, seconds.")
@click.option("--read-timeout", type=click.FloatRange(0, 3600), help="The client's timeout of a poll (default: wait + 10).")
@click.option("--handler-p95", type=click.FloatRange(0), help="In how many seconds 95 of 100 messages are handled.")
@global_options
@click.pass_context
def doctor(context: click.Context, /, **own: Any) -> None:
    """Say who this is and why, and what would go wrong here: identity, endpoint, permissions, timeouts, dead letters.

    Receives nothing and changes nothing. It uses the credentials that a consumer would. Exit codes: 0 all is well,
    1 a warning or a problem was found, 2 refused.
    """
    from sqs_tui.doctor_command import run_doctor

    context.exit(run_doctor(shared(context, own)))


@cli.command(
    epilog="Examples: sqs-tui peek orders-dead  ·  sqs-tui peek orders --max 50 --json  ·  sqs-tui peek orders --dry-run"
)
@click.argument("queue", metavar="QUEUE")
@click.option("--max", "maximum", type=click.IntRange(1, 1000), default=10, show_default=True, help="Messages at most.")
@click.option("--receive", is_flag=True, help="Look by receiving also where an emulator shows messages without it.")
@click.option("--dry-run", is_flag=True, help="Say how it would look and what that would cost; look at nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before a look that costs receives.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of text.")
@global_options
@click.pass_context
def peek(context: click.Context, /, **own: Any) -> None:
    """Look at messages of QUEUE without harming them, and say what the look cost.

    An emulator's own page costs nothing. Elsewhere a look receives, which counts against a message's receives before the
    dead-letter queue: it asks first, remembers what its looks have cost, and refuses one that would leave a message none.
    Exit codes: 0 looked, 1 something is hidden still, 2 refused.
    """
    from sqs_tui.peek_command import run_peek

    context.exit(run_peek(shared(context, own)))


@cli.command(epilog="Examples: sqs-tui demo  ·  sqs-tui demo --headless --duration 10")
@click.option("--list", "list_scenes", is_flag=True, help="List the scenes and exit.")
@click.option("--scene", metavar="NAME", default="steady", show_default=True, help="What to show.")
@click.option("--speed", type=click.FloatRange(0.1, 20), default=1.0, show_default=True, help="Faster or slower, 0.1-20.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same messages.")
@click.option("--headless", is_flag=True, help="No screen: events on stderr, a report on stdout.")
@click.option("--duration", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop after so many seconds (headless).")
@global_options
@click.pass_context
def demo(context: click.Context, /, **own: Any) -> None:
    """An emulator, a producer and consumers on this machine: no Docker, no AWS account, no network."""
    from sqs_tui.run import run_demo

    context.exit(run_demo(shared(context, own)))


def main() -> None:
    """The console script: refusals become one line on stderr and exit code 2."""
    hide_secrets()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # in a locale that cannot write a character, an escape beats a traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        _refuse(error.format_message(), error.exit_code)
    except click.Abort:
        _refuse("interrupted", 1)
    except ConfigurationError as error:
        _refuse(str(error), EXIT_REFUSED)
    except SqsTuiError as error:
        _refuse(describe(error), 1)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _refuse(text: str, code: int) -> None:
    from sqs_core.plain_text import one_line

    click.echo(f"sqs-tui: {one_line(mask_secrets(text), LONGEST_TEXT)}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
