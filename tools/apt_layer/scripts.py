"""Packages that no policy knows: what their maintainer scripts would do is read off the scripts themselves.

That finds alternatives, and all the scripts that have nothing to do in an empty root, such as most of those
that debhelper writes. Whatever else a script would do is an error: nothing that a package needs is left out
silently.
"""

from collections.abc import Mapping, Sequence

from tools.apt_layer.effects import Effect
from tools.apt_layer.links import Places
from tools.apt_layer.state import Facts, State
from tools.apt_layer.tree import Tree
from tools.common.errors import ToolError
from tools.maintscript.evaluate import Outcome, evaluate
from tools.maintscript.programs import Alternative
from tools.maintscript.root import Root

_SHOWN = 5
_REMEDY = """No maintainer script is run when a layer is made. Read them (dpkg-deb -e), and say what they
would do in a file like //apt/policy:scripts.json: apt.lock(scripts = ["//:scripts.json"]).
If that may be left out, say why:
{{"version": 1, "packages": {{"{package}": [{{"nothing": "what they do", "why": "..."}}]}}}}"""


class Reader:
    """Reads the scripts of packages in a root whose files are all unpacked."""

    def __init__(self, state: State, packages: Sequence[Facts], tree: Tree, places: Places) -> None:
        self._state, self._places = state, places
        self._kinds: dict[str, str] = dict.fromkeys(state.files, "something")
        for facts in packages:
            self._kinds |= {path: _KINDS.get(kind, "file") for path, kind in facts.files.items()}
        self._kinds |= dict.fromkeys([*state.dirs, *tree.dirs, *tree.chosen], "directory")
        self._kinds |= dict.fromkeys(tree.made, "something")
        for name, group in state.alternatives.items():
            for link in (f"/etc/alternatives/{name}", group.link, *group.slaves.values()):
                self._kinds[places.of(link)] = "something"

    def effects(self, facts: Facts) -> list[Effect]:
        """What the scripts of a package do; raises ToolError for what is not clear."""
        found: list[Effect] = []
        problems: dict[str, list[str]] = {}
        for script, arguments in _calls(facts):
            outcome = self._outcome(facts, script, arguments)
            lines = problems.setdefault(script, [])
            lines += [line for line in outcome.unexplained if line not in lines]
            found += [_effect(each) for each in outcome.alternatives]
        if shown := [f"{script}:{line}" for script, lines in problems.items() for line in lines]:
            raise _error(facts, shown)
        return found

    def _outcome(self, facts: Facts, script: str, arguments: Sequence[str]) -> Outcome:
        variables = {
            "DPKG_MAINTSCRIPT_PACKAGE": facts.package,
            "DPKG_MAINTSCRIPT_NAME": script,
            "DPKG_MAINTSCRIPT_ARCH": self._state.arch if facts.architecture == "all" else facts.architecture,
            "DPKG_ROOT": "",
            "DPKG_ADMINDIR": "/var/lib/dpkg",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        root = Root(
            arch=self._state.arch,
            kinds=self._unpacked if script == "postinst" else self._to_come,
            place=self._places.of,
            diversions=self._state.diversions.keys(),
            overrides=self._state.statoverrides.keys(),
            alternatives=self._state.alternatives.keys(),
        )
        return evaluate(facts.scripts[script], arguments, root, variables)

    def _unpacked(self, path: str) -> str:
        return self._kinds.get(path, "")

    def _to_come(self, path: str) -> str:
        """For scripts that run before files are there: what is not there in the end is not there now."""
        return "?" if path in self._kinds else ""


_KINDS: Mapping[str, str] = {"symlink": "symlink"}


def _error(facts: Facts, lines: Sequence[str]) -> ToolError:
    shown = [
        f"{facts.package} {facts.version} has maintainer scripts that would change the image:",
        *lines[:_SHOWN],
    ]
    if len(lines) > _SHOWN:
        shown.append(f"and {len(lines) - _SHOWN} more")
    return ToolError("\n    ".join(shown), remedy=_REMEDY.format(package=facts.package))


def _calls(facts: Facts) -> list[tuple[str, list[str]]]:
    """How dpkg calls the scripts of a package that is new, and once more for a trigger."""
    calls = [("preinst", ["install"]), ("config", ["configure", ""]), ("postinst", ["configure", ""])]
    names = [line.split(None, 1)[1] for line in facts.triggers if line.startswith("interest")]
    if names:
        calls.append(("postinst", ["triggered", " ".join(names)]))
    return [call for call in calls if call[0] in facts.scripts]


def _effect(found: Alternative) -> Effect:
    return {
        "alternative": found.name,
        "link": found.link,
        "path": found.path,
        "priority": found.priority,
        "slaves": [dict(zip(("name", "link", "path"), slave, strict=True)) for slave in found.slaves],
        "why": "its script installs it",
    }
