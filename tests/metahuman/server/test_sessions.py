"""The browsers that have signed in: known to all workers, until they end."""

from __future__ import annotations

from pathlib import Path

from metahuman.server.tokens import Sessions
from tests.serving import TOKEN


def test_sessions_end(tmp_path: Path) -> None:
    now = [0.0]
    sessions = Sessions(tmp_path, TOKEN, lambda: now[0])
    first = sessions.begin()
    assert sessions.holds(first)
    now[0] = 8 * 86_400
    assert not sessions.holds(first)
    again = sessions.begin()
    assert len(list(tmp_path.iterdir())) == 1
    for _ in range(100):
        now[0] += 1
        sessions.begin()
    assert not sessions.holds(again)
    assert len(list(tmp_path.iterdir())) == 100


def test_sessions_are_known_to_all_workers_until_they_end_or_the_token_is_another(tmp_path: Path) -> None:
    one, other = Sessions(tmp_path / "sessions", TOKEN), Sessions(tmp_path / "sessions", TOKEN)
    secret = one.begin()
    assert other.holds(secret)
    assert not Sessions(tmp_path / "sessions", "another-token-0123456789").holds(secret)
    assert not other.holds("../../etc/passwd")
    other.end(secret)
    assert not one.holds(secret)
    one.end(secret)
