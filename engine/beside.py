"""What does the service ask of the engine beside it? Its state, and to hear what others say."""

from engine import core as cores
from engine.control.client import Link
from engine.control.places import operator
from engine.errors import Refused
from engine.service.context.asking import Told

ASK_S = 5.0


def state_of(data_dir: str) -> tuple[int, bytes] | None:
    """The engine's sequence and state; None where it does not answer, or is of other code."""
    try:
        link = Link(data_dir, ASK_S, operator())
    except Refused:
        return None
    try:
        is_ours = link.hello["code"] == (cores.code_digest() + cores.layout_digest()).hex()
        return link.state() if is_ours else None
    except Refused:
        return None
    finally:
        link.close()


def tell_engine(data_dir: str, source: str, told: Told) -> bool:
    """What a slow source said, as an event of the engine; False where none takes it."""
    try:
        link = Link(data_dir, ASK_S, f"feed {source}")
    except Refused:
        return False
    try:
        link.ask("context", **told._asdict(), reason=source)
    except Refused:
        return False
    finally:
        link.close()
    return True
