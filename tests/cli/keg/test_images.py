# SPDX-License-Identifier: Apache-2.0
"""images, import, tag, untag, rmi, info, version."""
import re

from kegtool import IMAGE


def image_id(keg, name=IMAGE):
    return keg("images", "-q", "--no-trunc", name).lines[0].removeprefix("sha256:")


def test_an_imported_image_is_listed_with_its_name_and_size(keg):
    heading, *rows = keg("images").lines
    assert heading.split("  ")[0] == "REPOSITORY"
    assert re.split(r"\s{2,}", heading) == ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]
    row = next(r for r in rows if r.startswith("localhost/busybox "))
    assert re.fullmatch(r"localhost/busybox +test +[0-9a-f]{12} +.* ago +[0-9.]+ MB", row.strip())


def test_formats_filters_and_quiet(keg):
    whole = image_id(keg)
    assert keg("images", "-q", IMAGE).out == whole[:12] + "\n"
    assert keg("images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", IMAGE).out == f"{IMAGE} {whole[:12]}\n"
    assert keg("images", "--format", "table {{.Tag}}", IMAGE).lines == ["TAG", "test"]
    assert keg("images", "-n", "--format", "table {{.Tag}}", IMAGE).lines == ["test"]
    listed = keg("images", "--format", "json", IMAGE).json()
    assert [i["Id"] for i in listed] == [whole] and IMAGE in listed[0]["Names"]
    assert keg("images", "-q", "--filter", "reference=*busybox*").out
    assert keg("images", "-q", "--filter", "reference=nothing*").out == ""
    assert keg("images", "-q", "--filter", "dangling=true").out == ""
    assert keg("images", "-q", "--filter", f"id={whole[:5]}").out
    keg.fails("images", "--filter", "nosuch=1")
    keg.fails("images", "--sort", "color")
    keg.fails("images", "--format", "{{.Nope}}")


def test_names_come_and_go(keg):
    whole = image_id(keg)
    keg("tag", IMAGE, "other", "example.com:5000/some/where:1")
    names = keg("images", "--format", "{{.Repository}}:{{.Tag}}").lines
    assert {"localhost/other:latest", "example.com:5000/some/where:1", IMAGE} <= set(names)
    for word in ("other", "localhost/other", "where:1", "some/where:1", whole, whole[:10], "sha256:" + whole):
        assert image_id(keg, word) == whole
    assert keg("rmi", "other").lines == ["Untagged: localhost/other:latest"]
    keg("untag", IMAGE, "example.com:5000/some/where:1")
    assert keg("images", "--format", "{{.Repository}}:{{.Tag}}", IMAGE).lines == [IMAGE]
    keg.fails("untag", IMAGE, "never:given")
    keg.fails("tag", IMAGE, "Not/A:Name!")
    keg.fails("tag", "nosuch", "x")


def test_removal_tells_what_happened(keg):
    keg.import_busybox("localhost/second:1", "--change", "LABEL x=y")
    whole = image_id(keg, "second:1")
    keg("tag", "second:1", "third:1")
    done = keg.fails("rmi", whole, status=125)
    assert "with more than one tag" in done.err
    assert f"Deleted: {whole}" in keg("rmi", "-f", whole).lines
    assert keg.fails("rmi", "second:1", status=1).err.startswith("Error: second:1: image not known")
    assert keg("rmi", "-f", "second:1").out == ""
    assert keg("rmi", "--ignore", "second:1").out == ""
    keg.fails("rmi")


def test_two_images_share_what_is_the_same_and_keep_it(fresh):
    fresh.import_busybox("localhost/a:1", "--change", "ENV A=1")
    fresh.import_busybox("localhost/b:1", "--change", "ENV B=1")
    fresh("rmi", "a:1")
    assert fresh("run", "--rm", "b:1", "sh", "-c", "echo $B").out == "1\n"


def test_import_applies_changes(fresh):
    fresh.import_busybox("localhost/changed:1", "-m", "why", "-c", "CMD [\"echo\",\"hi\"]", "-c", "ENV A=b", "-c",
                         "WORKDIR /tmp", "-c", "USER guest", "-c", "LABEL k=v", "-c", "EXPOSE 80", "-c", "STOPSIGNAL SIGINT")
    config = fresh("image", "inspect", "changed:1").json()[0]
    assert config["Config"]["Cmd"] == ["echo", "hi"] and config["User"] == "guest"
    assert config["Config"]["WorkingDir"] == "/tmp" and config["Labels"] == {"k": "v"}
    assert config["Config"]["ExposedPorts"] == {"80": {}} or config["Config"]["ExposedPorts"] == {"80/tcp": {}}
    assert config["Config"]["StopSignal"] == "SIGINT" and config["History"][0]["comment"] == "why"
    assert fresh("run", "--rm", "changed:1").out == "hi\n"
    fresh.fails("import", "-c", "FROM x", fresh.file("empty.tar"), "x:1")
    fresh.fails("import", "/no/such/file")


def test_info_and_version_speak_json_and_templates(keg):
    info = keg("info", "--format", "json").json()
    assert info["store"]["graphRoot"] == keg.root and info["host"]["security"]["rootless"] != keg.is_root
    assert info["store"]["imageStore"]["number"] >= 1
    keg("create", IMAGE, "true")
    keg("run", "-d", IMAGE, "sleep", "100")
    counts = keg("info", "--format", "json").json()["store"]["containerStore"]
    assert counts == {"number": 2, "paused": 0, "running": 1, "stopped": 1}
    assert keg("info", "--format", "{{.Store.GraphRoot}}").out == keg.root + "\n"
    assert "  graphDriverName: overlay\n" in keg("info").out
    version = keg("version", "--format", "{{.Client.Version}}").out
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", version)
    assert keg("--version").out == f"keg version {version}"


def test_wrong_words_are_refused_in_one_line(keg):
    assert keg.fails("nosuch").err.startswith("Error: unrecognized command `keg nosuch`")
    assert keg.fails("images", "--nosuch").err.startswith("Error: unknown flag: --nosuch")
    assert keg.fails("--log-level", "loud", "images").err.startswith("Error: log level loud is not supported")
    assert "events backend file is not supported" in keg.fails("--events-backend", "file", "images").err
    assert keg.fails("pull").err.startswith("Error: requires at least 1 arg(s), only received 0")
