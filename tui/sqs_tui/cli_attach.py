"""The commands that look at consumers that run already. What they do is imported when one of them is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sqs_tui.cli_numbers import WholeNumber
from sqs_tui.cli_options import global_options, shared

if TYPE_CHECKING:
    from collections.abc import Callable

_JSON = click.option("--json", "as_json", is_flag=True, help="JSON on stdout instead of text.")


def _kubernetes_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How pods are reached."""
    options = [
        click.option("-n", "--namespace", metavar="NAME", help="Namespace of pod/… and deploy/… (default: the context's)."),
        click.option("-c", "--container", metavar="NAME", help="Container in the pod (default: as kubectl chooses)."),
        click.option("--context", "kube_context", metavar="NAME", help="Context of kubectl (default: the current one)."),
        click.option("--remote-command", metavar="COMMAND", help="sqs-tui in the pod, as in 'python3 /tmp/sqs-tui.pyz'."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    epilog="Examples: sqs-tui attach  ·  sqs-tui attach 4711  ·  sqs-tui attach k8s:staging/app=orders  ·  "
    "sqs-tui attach deploy/orders -n staging"
)
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@_JSON
@_kubernetes_options
@global_options
@click.pass_context
def attach(context: click.Context, /, targets: tuple[str, ...], **own: Any) -> None:
    """Watch consumers that run already; leaving leaves them as they are.

    TARGET is a process id, the path of a socket, k8s:NAMESPACE/SELECTOR, pod/NAME or deploy/NAME. Several are shown as one
    fleet. Without one, what runs here is listed.
    """
    from sqs_tui.attach_command import run_attach

    context.exit(run_attach(targets, shared(context, own)))


@click.command(epilog="Examples: sqs-tui snapshot 4711  ·  sqs-tui snapshot 4711 | jq '.consumers[].totals'")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@_kubernetes_options
@global_options
@click.pass_context
def snapshot(context: click.Context, /, targets: tuple[str, ...], **own: Any) -> None:
    """Print one snapshot of a running consumer as JSON.

    Of several, or of k8s:… and deploy/…: {schema, at, members[{target, pod, error, snapshot}]}.
    Exit codes: 0 all answered, 1 one did not, 2 refused.
    """
    from sqs_tui.attach_command import run_snapshot

    context.exit(run_snapshot(targets, shared(context, own)))


@click.command(
    epilog="Examples: sqs-tui control 4711 pause  ·  sqs-tui control 4711 resize --workers 16 --reason 'backlog of tuesday'"
)
@click.argument("target", metavar="TARGET")
@click.argument("command", type=click.Choice(["pause", "resume", "drain", "resize"]))
@click.option("--workers", type=WholeNumber(1), metavar="N", help="How many workers there are to be (resize).")
@click.option("--pollers", type=WholeNumber(1), metavar="N", help="How many pollers there are to be (resize).")
@click.option("--queue", metavar="QUEUE", help="Only this queue's consumer (default: all).")
@_JSON
@_kubernetes_options
@global_options
@click.pass_context
def control(context: click.Context, /, target: str, command: str, **own: Any) -> None:
    """Pause, resume, resize or drain a running consumer; it must have been started with --control.

    A line for each member says what came of it. Exit codes: 0 done, 1 a member did not, 2 refused.
    """
    from sqs_tui.attach_command import run_control

    context.exit(run_control(target, command, shared(context, own)))


@click.command(epilog="Example: kubectl exec -i orders-7d4f9 -- sqs-tui bridge")
@click.argument("target", required=False, metavar="[PID]")
def bridge(target: str | None) -> None:
    """Carry a consumer's control socket over stdin and stdout, for `kubectl exec -i`; attach does this by itself."""
    from sqs_core.remote.bridge import run_bridge
    from sqs_core.remote.targets import local_target, only_one

    run_bridge((local_target(target) if target else only_one()).path)


ATTACH_COMMANDS = (attach, snapshot, control, bridge)
