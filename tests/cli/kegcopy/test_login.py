# SPDX-License-Identifier: Apache-2.0
"""login and logout: what is tried, what is kept where, and what is said; the peer finds it again."""
import base64
import json
import os
import pty
import shutil
import signal
import stat
import subprocess
import termios
import time

import pytest
from registry_fixture import BUILD

HELPER = """\
#!/usr/bin/env python3
import json, pathlib, sys
kept = pathlib.Path(__file__).parent / "kept.json"
all = json.loads(kept.read_text()) if kept.exists() else {}
verb, given = sys.argv[1], sys.stdin.read()
if verb == "store":
    entry = json.loads(given)
    all[entry["ServerURL"]] = [entry["Username"], entry["Secret"]]
elif verb == "list":
    print(json.dumps({server: user for server, (user, _) in all.items()}))
elif given not in all:
    print("credentials not found in native keychain")
    sys.exit(1)
elif verb == "get":
    print(json.dumps({"ServerURL": given, "Username": all[given][0], "Secret": all[given][1]}))
else:
    del all[given]
kept.write_text(json.dumps(all))
"""


def coded(text):
    return base64.b64encode(text.encode()).decode()


class Tool:
    """The program with a home of its own; `auth` is where it keeps credentials by default."""

    def __init__(self, folder):
        self.folder, self.auth = folder, folder / "run/containers/auth.json"
        (folder / "run").mkdir()
        (folder / "bin").mkdir()
        self.env = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder),
                    "XDG_RUNTIME_DIR": str(folder / "run")}

    def run(self, *words, stdin="", program=BUILD / "kegcopy", env=None):
        return subprocess.run([program, *map(str, words)], env={**self.env, **(env or {})}, input=stdin, text=True,
                              capture_output=True, timeout=50, check=False)

    def ok(self, *words, **how):
        done = self.run(*words, **how)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *words, **how):
        done = self.run(*words, **how)
        assert done.returncode == 1 and done.stderr.startswith("Error: "), done
        return done.stderr.splitlines()[0].removeprefix("Error: ")

    def auths(self, path=None):
        return json.loads((path or self.auth).read_text()).get("auths")

    def keep(self, content, path=None):
        path = path or self.auth
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def helper(self, name="drawer"):
        """What the helper of this name has."""
        program = self.folder / "bin" / f"docker-credential-{name}"
        program.write_text(HELPER)
        program.chmod(0o755)
        kept = self.folder / "bin/kept.json"
        return lambda: json.loads(kept.read_text()) if kept.exists() else {}

    def broken_helper(self):
        program = self.folder / "bin/docker-credential-broken"
        program.write_text("#!/bin/sh\n[ $1 = get ] && echo credentials not found || echo it is full\nexit 3\n")
        program.chmod(0o755)


@pytest.fixture
def tool(tmp_path):
    return Tool(tmp_path)


@pytest.fixture(params=["basic", "bearer"])
def registry(request, faulty_registry):
    return faulty_registry(auth=request.param, users={"u": "pw"})


@pytest.fixture
def host(faulty_registry):
    return faulty_registry(auth="bearer", users={"u": "pw"}).host


LOGIN = ("login", "--tls-verify=false", "-u", "u")


def test_good_credentials_are_kept_for_their_owner_only(tool, registry):
    assert tool.ok(*LOGIN, "-p", "pw", registry.host) == "Login Succeeded!\n"
    assert tool.auths() == {registry.host: {"auth": coded("u:pw")}}
    assert stat.S_IMODE(tool.auth.stat().st_mode) == 0o600
    assert stat.S_IMODE(tool.auth.parent.stat().st_mode) == 0o700
    assert os.listdir(tool.auth.parent) == ["auth.json"]


def test_bad_credentials_are_not_kept(tool, registry):
    assert tool.fails(*LOGIN, "-p", "no", registry.host) == \
        f'logging into "{registry.host}": invalid username/password'
    assert not tool.auth.exists()


def test_a_registry_that_is_not_there(tool):
    assert tool.fails(*LOGIN, "-p", "no", "localhost:1").startswith('authenticating creds for "localhost:1": ')
    assert not tool.auth.exists()


def test_certificates(tool, faulty_registry):
    secure = faulty_registry(tls=True, auth="basic", users={"u": "pw"})
    assert "certificate signed by unknown authority" in tool.fails("login", "-u", "u", "-p", "pw", secure.host)
    tool.ok("login", "--cert-dir", secure.cert_dir, "-u", "u", "-p", "pw", secure.host)


@pytest.mark.parametrize("text", ["pw", "pw\n", "p\r\nw\n"])
def test_a_password_from_standard_input(tool, host, text):
    tool.ok(*LOGIN, "--password-stdin", host, stdin=text)
    assert tool.auths()[host]["auth"] == coded("u:pw")


def test_a_user_name_is_asked_for(tool, host):
    assert tool.ok("login", "--tls-verify=false", "-p", "pw", host, stdin=" u \n") == "Username: Login Succeeded!\n"
    assert tool.ok("login", "--tls-verify=false", "-p", "pw", host, stdin="\n") == "Username (u): Login Succeeded!\n"
    assert tool.fails("login", "--tls-verify=false", "-p", "pw", host) == \
        "getting username and password: reading username: EOF"


def test_a_password_is_asked_for_on_terminals_only(tool, host):
    assert "reading password: " in tool.fails(*LOGIN, host, stdin="pw\n")


def echo_of(master):
    return bool(termios.tcgetattr(master)[3] & termios.ECHO)


def on_terminal(tool, words, typed):
    """Answer the prompt; gives all that was shown, the wait status, and how the terminal is left."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update(tool.env)
        os.execv(BUILD / "kegcopy", ["kegcopy", *words])
    shown = b""
    while not shown.endswith(b"Password: "):
        shown += os.read(master, 1000)
    until = time.monotonic() + 20
    while echo_of(master) and time.monotonic() < until:
        time.sleep(0.01)
    os.write(master, typed)
    _, status = os.waitpid(pid, 0)
    echoes = echo_of(master)
    try:
        while more := os.read(master, 1000):
            shown += more
    except OSError:
        pass  # the other side is closed
    os.close(master)
    return shown.decode(), status, echoes


def test_a_password_is_not_shown(tool, host):
    shown, status, echoes = on_terminal(tool, [*LOGIN, host], b"pw\n")
    assert shown.split() == ["Password:", "Login", "Succeeded!"] and status == 0 and echoes
    assert tool.auths()[host]["auth"] == coded("u:pw")


def test_an_interrupt_leaves_the_terminal_as_it_was(tool, host):
    _, status, echoes = on_terminal(tool, [*LOGIN, host], b"p\x03")
    assert os.WTERMSIG(status) == signal.SIGINT and echoes
    assert not tool.auth.exists()


def test_what_is_kept_already_is_tried_first(tool, host):
    tool.keep({"auths": {host: {"auth": coded("u:pw")}}})
    assert tool.ok("login", "--tls-verify=false", host) == (
        f"Authenticating with existing credentials for {host}\n"
        f"Existing credentials are valid. Already logged in to {host}\n")
    tool.keep({"auths": {host: {"auth": coded("u:no")}}})
    done = tool.run("login", "--tls-verify=false", host, stdin="\n")
    assert "Existing credentials are invalid, please enter valid username and password\nUsername (u): " in done.stdout
    assert "reading password" in done.stderr


def test_an_identity_token_is_not_replaced(tool, host):
    tool.keep({"auths": {host: {"identitytoken": "x"}}})
    assert tool.fails(*LOGIN, "-p", "pw", host) == "currently logged in, auth file contains an Identity token"


@pytest.mark.parametrize("given", ["option", "environment"])
def test_the_file_that_is_named(tool, host, tmp_path, given):
    path = tmp_path / "deep/down/a.json"
    options, env = (["--authfile", path], {}) if given == "option" else ([], {"REGISTRY_AUTH_FILE": str(path)})
    assert tool.ok(*LOGIN, "-v", "-p", "pw", *options, host, env=env) == f"Used:  {path}\nLogin Succeeded!\n"
    assert host in tool.auths(path) and not tool.auth.exists()
    assert tool.ok("login", "--get-login", *options, host, env=env) == "u\n"
    assert tool.ok("logout", *options, host, env=env) == f"Removed login credentials for {host}\n"
    assert tool.auths(path) == {}


def test_what_else_is_in_the_file_stays(tool, host):
    before = {"auths": {"a.example": {"auth": coded("a:b"), "email": "x"}}, "credHelpers": {"b.example": "none"},
              "HttpHeaders": {"X": "y"}}
    tool.keep(before)
    tool.ok(*LOGIN, "-p", "pw", host)
    now = json.loads(tool.auth.read_text())
    assert now["auths"].pop(host) and now == before


def test_a_link_to_the_file_stays_one(tool, host, tmp_path):
    tool.keep({}, tmp_path / "real.json")
    (tmp_path / "link.json").symlink_to("real.json")
    tool.ok(*LOGIN, "-p", "pw", "--authfile", tmp_path / "link.json", host)
    assert (tmp_path / "link.json").is_symlink() and host in tool.auths(tmp_path / "real.json")


def test_many_logins_at_once_all_count(tool, host):
    running = [subprocess.Popen([BUILD / "kegcopy", *LOGIN, "-p", "pw", f"{host}/n{i}"], env=tool.env,
                                stdout=subprocess.DEVNULL) for i in range(12)]
    assert [process.wait(50) for process in running] == [0] * 12
    assert len(tool.auths()) == 12


def test_credentials_for_a_part_of_a_registry(tool, host):
    tool.ok(*LOGIN, "-p", "pw", f"{host}/team")
    assert list(tool.auths()) == [f"{host}/team"]
    assert tool.ok("login", "--get-login", f"{host}/team") == "u\n"
    assert tool.fails("login", "--get-login", host) == f"not logged into {host}"
    assert tool.fails("logout", host) == f"not logged into {host}"
    assert tool.ok("logout", f"{host}/team") == f"Removed login credentials for {host}/team\n"


def test_a_url_means_its_host(tool, host):
    tool.ok(*LOGIN, "-p", "pw", f"http://{host}/v2/")
    assert list(tool.auths()) == [host]


def test_docker_compatible_files(tool, host, tmp_path):
    path = tmp_path / "docker/config.json"
    tool.ok(*LOGIN, "-p", "pw", "--compat-auth-file", path, host)
    assert list(tool.auths(path)) == [host]
    assert "in Docker-compatible format with namespaced key" in \
        tool.fails(*LOGIN, "-p", "pw", "--compat-auth-file", path, f"{host}/team")
    tool.keep({"auths": {"https://index.docker.io/v1/": {"auth": coded("d:x")}}}, path)
    env = {"DOCKER_CONFIG": str(path.parent)}
    assert tool.ok("login", "--get-login", "docker.io", env=env) == "d\n"
    assert tool.ok("logout", "docker.io", env=env) == "Removed login credentials for docker.io\n"
    assert tool.auths(path) == {}
    assert "can not be set simultaneously" in \
        tool.fails("logout", "--compat-auth-file", path, "--authfile", path, "docker.io")


def test_the_helper_that_the_file_names(tool, host):
    kept = tool.helper()
    tool.keep({"credHelpers": {host: "drawer"}})
    assert tool.ok(*LOGIN, "-v", "-p", "pw", host) == "Used:  credential helper: drawer\nLogin Succeeded!\n"
    assert kept() == {host: ["u", "pw"]} and not tool.auths()
    assert tool.ok("login", "--get-login", host) == "u\n"
    assert tool.ok("logout", host) == f"Removed login credentials for {host}\n"
    assert kept() == {} and json.loads(tool.auth.read_text())["credHelpers"]
    assert tool.fails("logout", host) == f"not logged into {host}"


def test_the_store_of_dockers_file(tool, host, tmp_path):
    kept = tool.helper()
    path = tmp_path / ".docker/config.json"
    tool.keep({"credsStore": "drawer"}, path)
    tool.ok(*LOGIN, "-p", "pw", "--compat-auth-file", path, host)
    assert kept() == {host: ["u", "pw"]}
    assert tool.ok("login", "--get-login", host) == "u\n", "it is among the files that are looked into"
    tool.ok("logout", "--all", "--compat-auth-file", path)
    assert kept() == {}


def test_helpers_of_registries_conf(tool, host, tmp_path):
    kept = tool.helper()
    tool.broken_helper()
    conf = tmp_path / "registries.conf"
    conf.write_text('credential-helpers = ["broken", "drawer", "containers-auth.json"]\n')
    tool.ok(*LOGIN, "-p", "pw", host, env={"CONTAINERS_REGISTRIES_CONF": str(conf)})
    assert kept() == {host: ["u", "pw"]} and not tool.auth.exists()
    env = {"CONTAINERS_REGISTRIES_CONF": str(conf)}
    tool.ok(*LOGIN, "-p", "pw", f"{host}/team", env=env)
    assert list(tool.auths()) == [f"{host}/team"], "helpers know hosts only"
    assert "docker-credential-broken: exit status 3: it is full" in tool.fails("logout", "--all", env=env)
    assert kept() == {} and tool.auths() == {}, "one that fails does not save the others"


def test_a_helper_that_fails_is_named(tool, host):
    tool.keep({"credHelpers": {host: "broken"}})
    tool.broken_helper()
    assert tool.fails(*LOGIN, "-p", "pw", host) == (
        f"storing the credentials for {host}: error storing credentials in docker-credential-broken: "
        "exit status 3: it is full")


def test_logout_of_everything(tool, tmp_path):
    tool.keep({"auths": {"a.example": {"auth": coded("a:b")}, "b.example": {"auth": coded("a:b")}}})
    assert tool.ok("logout", "--all") == "Removed login credentials for all registries\n"
    assert tool.auths() == {}


def test_what_another_tool_keeps_is_named(tool, host, tmp_path):
    tool.keep({"auths": {host: {"auth": coded("u:pw")}}}, tmp_path / ".docker/config.json")
    assert tool.ok("logout", "--tls-verify=false", host) == (
        f"Not logged into {host} with current tool. Existing credentials were established via docker login. "
        "Please use docker logout instead.\n")
    tool.keep({"auths": {host: {"auth": coded("u:old")}}}, tmp_path / ".docker/config.json")
    assert tool.fails("logout", "--tls-verify=false", host) == f"not logged into {host}"


@pytest.mark.parametrize("words, message", [
    (["login"], "please provide a registry to login to"),
    (["login", "a", "b"], "login accepts only one registry to login to"),
    (["login", "-p", "x", "--password-stdin", "a.example"], "Can't specify both --password-stdin and --password"),
    (["login", "--password-stdin", "a.example"], "Must provide --username with --password-stdin"),
    (["login", "--get-login", "a.example/b:1"], 'reference "a.example/b:1" contains tag or digest'),
    (["login", "--get-login", "/a"], '"/a" names no registry'),
    (["login", "--get-login", "team/a"], '"team/a" names no registry'),
    (["logout"], "please provide a registry to logout from"),
    (["logout", "a", "b"], "logout accepts only one registry to logout from"),
    (["logout", "--all", "a"], "--all takes no arguments"),
    (["logout", "a.example"], "not logged into a.example"),
    (["logout", "--authfile", "/not/there", "a.example"],
     "checking authfile: stat /not/there: no such file or directory"),
])
def test_what_is_wrong_is_said(tool, words, message):
    assert tool.fails(*words) == message


def test_a_colon_cannot_be_in_a_user_name(tool, faulty_registry):
    open_to_all = faulty_registry()
    assert "a user name must not have a colon: a:b" in \
        tool.fails("login", "--tls-verify=false", "-u", "a:b", "-p", "c", open_to_all.host)


def test_a_runtime_folder_that_is_missing_is_not_made(tool, host):
    (tool.folder / "run").rmdir()
    assert "directory set by $XDG_RUNTIME_DIR does not exist" in tool.fails(*LOGIN, "-p", "pw", host)


def test_a_broken_file_is_left_alone(tool, host):
    tool.keep({})
    tool.auth.write_text("{broken")
    assert str(tool.auth) in tool.fails(*LOGIN, "-p", "pw", host)
    assert tool.auth.read_text() == "{broken"


def test_the_peer_and_we_find_each_others_logins(tool, registry):
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is not installed")
    tool.ok(*LOGIN, "-p", "pw", registry.host)
    assert tool.ok("login", "--get-login", registry.host, program="skopeo") == "u\n"
    assert "Removed login credentials" in tool.ok("logout", registry.host, program="skopeo")
    assert tool.fails("login", "--get-login", registry.host) == f"not logged into {registry.host}"
    tool.ok(*LOGIN, "-p", "pw", registry.host, program="skopeo")
    assert tool.ok("login", "--get-login", registry.host) == "u\n"
    assert tool.ok("logout", registry.host) == f"Removed login credentials for {registry.host}\n"
