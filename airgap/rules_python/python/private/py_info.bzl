"""The provider that Python targets hand to each other."""

_EMPTY = depset()

def _init_py_info(
        *,
        transitive_sources,
        imports = _EMPTY,
        uses_shared_libraries = False,
        has_py2_only_sources = False,
        has_py3_only_sources = True,
        direct_original_sources = _EMPTY,
        transitive_original_sources = None,
        direct_pyi_files = _EMPTY,
        transitive_pyi_files = _EMPTY):
    return {
        "direct_original_sources": direct_original_sources,
        "direct_pyi_files": direct_pyi_files,
        "has_py2_only_sources": has_py2_only_sources,
        "has_py3_only_sources": has_py3_only_sources,
        "imports": imports,
        "transitive_original_sources": transitive_sources if transitive_original_sources == None else transitive_original_sources,
        "transitive_pyi_files": transitive_pyi_files,
        "transitive_sources": transitive_sources,
        "uses_shared_libraries": uses_shared_libraries,
    }

PyInfo, _ = provider(
    doc = "The Python files of a target and of everything that it imports.",
    init = _init_py_info,
    fields = {
        "direct_original_sources": "depset of File: the .py files in `srcs` of the target itself.",
        "direct_pyi_files": "depset of File: the .pyi files of the target itself.",
        "has_py2_only_sources": "bool: always False, kept for callers that ask.",
        "has_py3_only_sources": "bool: whether Python 3 is needed.",
        "imports": "depset of str: folders below the runfiles root that belong on sys.path.",
        "transitive_original_sources": "depset of File: .py files of the target and its deps.",
        "transitive_pyi_files": "depset of File: .pyi files of the target and its deps.",
        "transitive_sources": "depset of File: .py files of the target and its deps, as they run.",
        "uses_shared_libraries": "bool: whether a shared library (.so) is among the files.",
    },
)
