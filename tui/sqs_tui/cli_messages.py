"""The commands that look at messages and put them back. What they do is imported when one of them is run."""

from __future__ import annotations

from typing import Any

import click

from sqs_tui.cli_numbers import Number, WholeNumber
from sqs_tui.cli_options import global_options, shared

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout instead of text.")
_YES = click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can be asked.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
_WHERE = click.option(
    "--where",
    metavar="EXPR",
    help="Only messages that this JMESPath is true of; it sees message_id, body, json (the body parsed), attributes, system, "
    "receive_count, age_seconds, group_id.",
)
_RATE = click.option("--rate", type=Number(), metavar="N", help="At most so many messages a second.")
_RETRY = click.option("--retry-uncertain", is_flag=True, help="Also send what an earlier run may have sent: may make duplicates.")


@click.command(
    epilog="Examples: sqs-tui peek orders-dead  ·  sqs-tui peek orders --max 50 --json  ·  sqs-tui peek orders --dry-run"
)
@click.argument("queue", metavar="QUEUE")
@click.option("--max", "maximum", type=WholeNumber(1, 1000), default=10, show_default=True, help="Messages at most.")
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


@click.command(
    epilog="Examples: sqs-tui redrive orders-dead --dry-run  ·  sqs-tui redrive orders-dead --where \"json.type == 'refund'\" "
    "--rate 50  ·  sqs-tui redrive orders-dead --to orders-test --yes"
)
@click.argument("queue", metavar="DLQ")
@click.option("--to", metavar="QUEUE", help="Where to (default: the queue that each message came from).")
@_WHERE
@_RATE
@click.option("--server-side", is_flag=True, help="Let SQS move all of them itself: no choice, no proof per message, no undo.")
@click.option("--no-backup", is_flag=True, help="Write no backup of what is moved.")
@_RETRY
@_DRY_RUN
@_YES
@_JSON
@global_options
@click.pass_context
def redrive(context: click.Context, /, **own: Any) -> None:
    """Move dead letters back: all of DLQ, or those that --where chooses.

    Each message is sent, proved by MessageId and MD5, and only then deleted. What may have been sent without a proof is told
    as uncertain and never sent again by itself; a run that was cut can be run again. Exit codes: 0 done, 1 something failed, is
    uncertain or was cut short, 2 refused.
    """
    from sqs_tui.redrive_command import run_redrive

    context.exit(run_redrive(shared(context, own)))


@click.command(
    epilog="Examples: sqs-tui export orders-dead dead.jsonl  ·  sqs-tui export orders-dead old.jsonl "
    "--where 'age_seconds > `86400`' --delete"
)
@click.argument("queue", metavar="QUEUE")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False))
@_WHERE
@click.option("--max", "maximum", type=WholeNumber(1), metavar="N", help="Messages at most (default: all).")
@click.option("--delete", is_flag=True, help="Delete each message from the queue once it is on the disk.")
@click.option("--append", is_flag=True, help="Add to a file that exists.")
@click.option("--receive", is_flag=True, help="Receive also where an emulator shows messages without it.")
@_DRY_RUN
@_YES
@_JSON
@global_options
@click.pass_context
def export(context: click.Context, /, **own: Any) -> None:
    """Write the messages of QUEUE to FILE, a JSON object a line, whole: nothing is masked.

    Nothing is deleted unless you say --delete. An emulator's own page costs nothing; elsewhere each message is received once
    and handed back. Exit codes: 0 done, 1 cut short, 2 refused.
    """
    from sqs_tui.transfer_command import run_export

    context.exit(run_export(shared(context, own)))


@click.command(
    "import", epilog="Examples: sqs-tui import dead.jsonl orders --dry-run  ·  sqs-tui import dead.jsonl orders --rate 20 --yes"
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.argument("queue", metavar="QUEUE")
@_WHERE
@_RATE
@_RETRY
@click.option("--skip-unreadable", is_flag=True, help="Leave out lines that cannot be read.")
@click.option("--again", is_flag=True, help="Send all of it once more, also what was imported before.")
@_DRY_RUN
@_YES
@_JSON
@global_options
@click.pass_context
def import_(context: click.Context, /, **own: Any) -> None:
    """Send the messages of FILE to QUEUE as they were: nothing is added to them.

    A run that was cut goes on where it was when it is run again. Exit codes: 0 done, 1 something failed, is uncertain or was
    cut short, 2 refused.
    """
    from sqs_tui.transfer_command import run_import

    context.exit(run_import(shared(context, own)))


@click.command(
    epilog="Examples: sqs-tui replay capture.jsonl orders --speed 10  ·  sqs-tui replay capture.jsonl --handler app.jobs:handle"
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.argument("queue", metavar="[QUEUE]", required=False)
@click.option("--speed", type=Number(0.1, 100), metavar="X", help="In the file's rhythm, 0.1-100 times as fast.")
@click.option("--handler", metavar="SPEC", help="Hand them to this handler instead of a queue, and compare how they end.")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False), help="With --handler: write how each ended here.")
@_WHERE
@_RATE
@click.option("--skip-unreadable", is_flag=True, help="Leave out lines that cannot be read.")
@_DRY_RUN
@_YES
@_JSON
@global_options
@click.pass_context
def replay(context: click.Context, /, **own: Any) -> None:
    """Send the messages of FILE to QUEUE again, each with an attribute that says what it replays; or hand them to a handler.

    It begins at the start of the file each time. Exit codes: 0 done (with --handler: every message ended as it did before),
    1 something failed, is uncertain, ended otherwise or was cut short, 2 refused.
    """
    from sqs_tui.replay_command import run_replay

    context.exit(run_replay(shared(context, own)))


@click.command(
    epilog="Examples: sqs-tui send orders --body '{\"id\": 1}'  ·  sqs-tui send orders.fifo --file order.json --group customer-1"
)
@click.argument("queue", metavar="QUEUE")
@click.option("--body", metavar="TEXT", help="The body.")
@click.option("--file", metavar="PATH", type=click.Path(allow_dash=True), help="A file with the body; - for stdin.")
@click.option("--attr", multiple=True, metavar="NAME=VALUE", help="A message attribute; NAME:Number=1, NAME:Binary=BASE64.")
@click.option("--group", metavar="ID", help="Message group id.")
@click.option("--dedup", metavar="ID", help="Deduplication id (default for FIFO: a new one).")
@click.option("--delay", type=WholeNumber(0, 900), metavar="S", help="Seconds until it can be received, 0-900.")
@_DRY_RUN
@_YES
@_JSON
@global_options
@click.pass_context
def send(context: click.Context, /, **own: Any) -> None:
    """Send one message to QUEUE, proved by MessageId and MD5.

    Exit codes: 0 sent, 1 refused by SQS or uncertain (it may have been sent), 2 refused.
    """
    from sqs_tui.send_command import run_send

    context.exit(run_send(shared(context, own)))


MESSAGE_COMMANDS = (peek, send, redrive, export, import_, replay)
