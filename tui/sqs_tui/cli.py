"""The command line. It imports neither Textual nor boto3 before a command needs them."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import click

from sqs_core.errors import LONGEST_TEXT, ConfigurationError, SqsTuiError, describe
from sqs_core.masking import mask_secrets
from sqs_core.version import __version__
from sqs_tui.cli_numbers import Number, WholeNumber
from sqs_tui.cli_options import checked, global_options, recording_options, shared
from sqs_tui.secrecy import hide_secrets

EXIT_REFUSED = 2


class _Commands(click.Group):
    """Other commands than those of this module are imported when one of them is asked for, or the list of all."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click."""
        if cmd_name not in self.commands:
            self._import_others()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click."""
        self._import_others()
        return super().list_commands(ctx)

    def _import_others(self) -> None:
        from sqs_tui.cli_attach import ATTACH_COMMANDS
        from sqs_tui.cli_messages import MESSAGE_COMMANDS
        from sqs_tui.cli_play import play
        from sqs_tui.cli_serve import serve

        for command in (*ATTACH_COMMANDS, serve, *MESSAGE_COMMANDS, play):
            self.add_command(command)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Examples: sqs-tui demo  ·  sqs-tui consume orders --handler app.jobs:handle  ·  sqs-tui inspect",
)
@click.version_option(__version__, message="sqs-tui %(version)s")
@global_options
@click.pass_context
def cli(context: click.Context, /, **own: Any) -> None:
    """Watch and steer Amazon SQS consumers from a terminal.

    Alone, the queues of the environment's endpoint; nothing is consumed until you press c. Where nothing answers and no flag
    says which is meant, a screen that offers a demo, LocalStack, and the consumers that run here.

    Theme, keys and frames a second can be set in $XDG_CONFIG_HOME/sqs-tui/settings.toml, else ~/.config/sqs-tui/settings.toml
    (docs/settings.md).
    """
    context.obj = own
    if context.invoked_subcommand is None:
        if any(value not in (None, ()) for value in checked(own).values()):
            from sqs_tui.run import browse

            context.exit(browse(own))
        from sqs_tui.start_command import run_start

        context.exit(run_start(own))


@cli.command(epilog="Examples: sqs-tui --env staging inspect  ·  sqs-tui inspect orders orders-dead")
@click.argument("queues", nargs=-1, metavar="[QUEUE]...")
@global_options
@click.pass_context
def inspect(context: click.Context, /, queues: tuple[str, ...], **own: Any) -> None:
    """Look at QUEUEs (names, URLs or ARNs), or at all of the endpoint; receives nothing and changes nothing.

    Where QUEUEs are named no list of queues is asked for, which a pod's role is often not allowed.
    """
    from sqs_tui.run import browse

    context.exit(browse({**shared(context, own), "read_only": True}, queues))


@cli.command(
    epilog="Examples: sqs-tui consume orders --handler app.jobs:handle  ·  "
    "sqs-tui consume orders --handler 'exec:./handle.sh' --headless --max-messages 100"
)
@click.argument("queues", nargs=-1, required=True, metavar="QUEUE...")
@click.option("--handler", metavar="SPEC", help="module:function, exec:COMMAND, http://URL, or builtin:echo|noop|sleep|fail.")
@click.option("--workers", type=WholeNumber(), default=8, show_default=True, help="Threads that handle, one message each.")
@click.option(
    "--autoscale", metavar="MIN:MAX", help="Let the number of workers go by how busy they are; resized by hand it rests."
)
@click.option("--pollers", type=WholeNumber(), default=2, show_default=True, help="Threads that receive.")
@click.option("--wait", type=WholeNumber(), default=20, show_default=True, help="Long poll, seconds (0-20).")
@click.option("--visibility", type=WholeNumber(), help="Visibility timeout, seconds (default: the queue's).")
@click.option("--batch", type=WholeNumber(), default=10, show_default=True, help="Messages a receive (1-10).")
@click.option("--read-timeout", type=Number(), help="Client's timeout of a poll, seconds (default: wait + 10).")
@click.option("--drain-timeout", type=Number(), default=25, show_default=True, help="How long a stop may take, seconds.")
@click.option("--handler-timeout", type=Number(), help="Past so many seconds a handler counts as hung.")
@click.option(
    "--transport",
    type=click.Choice(["auto", "boto3", "lean"]),
    default="auto",
    show_default=True,
    help="What receives, deletes and extends: lean costs a fraction of boto3's CPU; auto is lean where it does all that is set.",
)
@click.option("--headless", is_flag=True, help="No screen: events as JSON on stderr, a report as JSON on stdout at the end.")
@click.option("--max-messages", type=WholeNumber(1), metavar="N", help="Stop after so many messages are finished (headless).")
@click.option("--duration", type=Number(0, min_open=True), metavar="S", help="Stop after so many seconds (headless).")
@click.option(
    "--metrics-address", metavar="HOST:PORT", help="Serve /metrics, /healthz and /readyz here, as 127.0.0.1:9090 (headless)."
)
@click.option("--processes", type=WholeNumber(1, 64), default=1, show_default=True, help="The same in so many processes.")
@click.option("--supervised", metavar="FOLDER", hidden=True)
@click.option("--paused", metavar="QUEUE", multiple=True, hidden=True)
@click.option("--control", is_flag=True, help="Let attached viewers pause, resume, resize, drain and replay, not only look.")
@click.option("--capture", metavar="FILE", help="Also write finished messages here as JSON Lines, secrets masked.")
@click.option("--capture-share", type=Number(0, 1, min_open=True), default=1.0, help="The share of them, 0-1 (default: all).")
@recording_options
@global_options
@click.pass_context
def consume(context: click.Context, /, queues: tuple[str, ...], **own: Any) -> None:
    """Consume QUEUEs (names, URLs or ARNs) with a handler, and show it.

    Consuming receives messages and deletes those that were handled. SIGTERM, SIGINT and q drain; a second one stops at
    once. Exit codes: 0 done, 1 cut short or failed, 2 refused.
    """
    flags = shared(context, own)
    if flags["processes"] > 1:
        from sqs_tui.processes_command import consume_in_processes

        context.exit(consume_in_processes(context.command, queues, flags))
    from sqs_tui.run import consume_queues

    context.exit(consume_queues(queues, flags))


@cli.command(
    epilog="Examples: sqs-tui doctor  ·  sqs-tui doctor orders --handler-p95 12  ·  "
    "sqs-tui --env staging doctor orders --probe --json"
)
@click.argument("queue", required=False, metavar="[QUEUE]")
@click.option("--probe", is_flag=True, help="Also ask every credential provider, and try a delete that can delete nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of text.")
@click.option("--wait", type=WholeNumber(0, 20), default=20, show_default=True, help="The consumer's long poll, seconds.")
@click.option("--read-timeout", type=Number(0, 3600), help="The client's timeout of a poll (default: wait + 10).")
@click.option("--handler-p95", type=Number(0), help="In how many seconds 95 of 100 messages are handled.")
@global_options
@click.pass_context
def doctor(context: click.Context, /, **own: Any) -> None:
    """Say who this is and why, and what would go wrong here: identity, endpoint, permissions, timeouts, dead letters.

    Receives nothing and changes nothing. It uses the credentials that a consumer would. Exit codes: 0 all is well,
    1 a warning or a problem was found, 2 refused.
    """
    from sqs_tui.doctor_command import run_doctor

    context.exit(run_doctor(shared(context, own)))


@cli.command(epilog="Examples: sqs-tui demo  ·  sqs-tui demo --headless --duration 10")
@click.option("--list", "list_scenes", is_flag=True, help="List the scenes and exit.")
@click.option("--json", "as_json", is_flag=True, help="With --list: JSON on stdout instead of text.")
@click.option("--scene", metavar="NAME", default="steady", show_default=True, help="What to show.")
@click.option("--speed", type=Number(0.1, 20), default=1.0, show_default=True, help="Faster or slower, 0.1-20.")
@click.option("--seed", type=WholeNumber(), default=1, show_default=True, help="The same seed gives the same messages.")
@click.option("--headless", is_flag=True, help="No screen: events on stderr, a report on stdout.")
@click.option("--duration", type=Number(0, min_open=True), metavar="S", help="Stop after so many seconds (headless).")
@recording_options
@global_options
@click.pass_context
def demo(context: click.Context, /, **own: Any) -> None:
    """An emulator, a producer and consumers on this machine: no Docker, no AWS account, no network."""
    from sqs_tui.demo_command import run_demo

    context.exit(run_demo(shared(context, own)))


def main() -> None:
    """The console script: refusals become one line on stderr and exit code 2."""
    hide_secrets()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this: what is done is the same, and nobody reads of it
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
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
