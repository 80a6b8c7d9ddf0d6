"""The list of licences follows the lock, and refuses what is not accepted."""

from pathlib import Path

import pytest

from tools import licences

LOCK = """\
h11==0.16.0 \\
    --hash=sha256:00
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:00
"""


def test_a_lock_lists_what_this_platform_installs() -> None:
    assert list(licences.list_locked(LOCK)) == ["h11"]


@pytest.mark.parametrize(
    ("licence", "accepted"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR BSD-3-Clause) AND GPL-3.0-only", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("", False),
    ],
)
def test_of_a_choice_one_licence_suffices_and_of_a_sum_all_are_needed(
    licence: str, accepted: bool
) -> None:
    assert (licences.list_refused([("library", licence)]) == []) is accepted


def test_a_list_that_is_not_that_of_the_lock_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(licences, "LOCK", tmp_path / "base.txt")
    monkeypatch.setattr(licences, "LIST", tmp_path / "licences.md")
    (tmp_path / "base.txt").write_text(LOCK)
    assert licences.main(["--write"]) == 0
    assert "| h11 | MIT |" in (tmp_path / "licences.md").read_text()
    assert licences.main([]) == 0
    (tmp_path / "base.txt").write_text(LOCK.replace("h11", "idna"))
    capsys.readouterr()
    assert licences.main([]) == 1
    assert "make licences" in capsys.readouterr().out


def test_a_distribution_without_a_licence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "metadata", lambda _: _Silent(License="See the file."))
    with pytest.raises(licences.UnknownLicenceError, match="library"):
        licences.find_licence("library")


def test_a_classifier_that_nobody_has_read_is_not_overlooked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("MIT License", "GNU General Public License v3 (GPLv3)")
    classifiers = tuple(f"License :: OSI Approved :: {name}" for name in names)
    monkeypatch.setattr(licences, "metadata", lambda _: _Silent(classifiers))
    with pytest.raises(licences.UnknownLicenceError, match="library"):
        licences.find_licence("library")
    monkeypatch.setattr(licences, "metadata", lambda _: _Silent(classifiers[:1]))
    assert licences.find_licence("library") == "MIT"


class _Silent(dict):
    """What a distribution says that states no licence, but for its classifiers."""

    def __init__(self, classifiers: tuple[str, ...] = (), **fields: str) -> None:
        super().__init__(fields)
        self._classifiers = classifiers

    def get_all(self, _name: str, _default: tuple[str, ...]) -> tuple[str, ...]:
        return self._classifiers
