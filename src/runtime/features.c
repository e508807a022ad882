/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The features document (features.md and features-linux.md of the specification). Every list of
 * names is asked of the module that knows them; what is refused is asked of the check that
 * refuses it. So there is nothing here that could come to disagree with what is done.
 */
#include "os/caps.h"
#include "os/mempolicy.h"
#include "os/namespace.h"
#include "os/seccomp_words.h"
#include "runtime/annotations.h"
#include "runtime/mount_opts.h"
#include "runtime/runtime.h"
#include "runtime/validate.h"
#include "spec/seccomp_profile.h"

#define OLDEST_VERSION "1.0.0" /* validate.c takes all of 1.x */

static struct json_object *child(struct json_object *obj, const char *name)
{
	struct json_object *made = json_object_new_object();

	json_object_object_add(obj, name, made);
	return made;
}

static void put_bool(struct json_object *obj, const char *name, bool value)
{
	json_object_object_add(obj, name, json_object_new_boolean(value));
}

/* All that nth() knows. */
static void list_names(const char *(*nth)(size_t n), struct keg_strv *names)
{
	for (size_t i = 0; nth(i); i++)
		keg_strv_add(names, nth(i));
}

static void put_names(struct json_object *obj, const char *name, const struct keg_strv *names)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < names->n; i++)
		json_object_array_add(list, json_object_new_string(names->v[i]));
	json_object_object_add(obj, name, list);
}

static void put_all(struct json_object *obj, const char *name, const char *(*nth)(size_t n))
{
	auto(keg_strv) names = { 0 };

	list_names(nth, &names);
	put_names(obj, name, &names);
}

static void put_sorted(struct json_object *obj, const char *name, const char *(*nth)(size_t n))
{
	auto(keg_strv) names = { 0 };

	list_names(nth, &names);
	keg_strv_sort(&names);
	put_names(obj, name, &names);
}

static const char *namespace_name(size_t n)
{
	return n < namespace_n_kinds ? namespace_kinds[n].name : NULL;
}

static const char *capability_name(size_t n)
{
	return caps_name((int)n);
}

static void put_seccomp(struct json_object *os)
{
	struct json_object *seccomp = child(os, "seccomp");
	auto(keg_strv) supported = { 0 };

	put_bool(seccomp, "enabled", true);
	put_all(seccomp, "actions", seccomp_action_name);
	put_all(seccomp, "operators", seccomp_operator_name);
	put_all(seccomp, "archs", seccomp_arch_name);
	put_all(seccomp, "knownFlags", seccomp_flag_name);
	for (size_t i = 0; seccomp_flag_name(i); i++) {
		if (seccomp_flag_known(seccomp_flag_name(i)))
			keg_strv_add(&supported, seccomp_flag_name(i));
	}
	put_names(seccomp, "supportedFlags", &supported);
}

static bool is_taken(const struct oci_linux *os)
{
	struct keg_err ignored;

	return validate_supported(os, &ignored) >= 0;
}

static void put_refusable(struct json_object *os)
{
	struct oci_intel_rdt rdt = { 0 };
	autojson devices = json_object_new_object();
	struct json_object *intel = child(os, "intelRdt");
	bool rdt_taken = is_taken(&(struct oci_linux){ .intel_rdt = &rdt });

	put_bool(intel, "enabled", rdt_taken);
	put_bool(intel, "schemata", rdt_taken);
	put_bool(intel, "monitoring", rdt_taken);
	json_object_object_add(devices, "eth0", json_object_new_object());
	put_bool(child(os, "netDevices"), "enabled",
		 is_taken(&(struct oci_linux){ .net_devices = devices }));
}

static void put_linux(struct json_object *doc)
{
	struct json_object *os = child(doc, "linux");
	struct json_object *policy;

	put_sorted(os, "namespaces", namespace_name);
	put_all(os, "capabilities", capability_name);
	struct json_object *cgroup = child(os, "cgroup");
	put_bool(cgroup, "v1", true);
	put_bool(cgroup, "v2", true);
	put_bool(cgroup, "systemd", true);
	put_bool(cgroup, "systemdUser", true);
	put_bool(cgroup, "rdma", true);
	put_seccomp(os);
	put_bool(child(os, "apparmor"), "enabled", true);
	put_bool(child(os, "selinux"), "enabled", true);
	put_refusable(os);
	policy = child(os, "memoryPolicy");
	put_all(policy, "modes", mempolicy_mode_name);
	put_all(policy, "flags", mempolicy_flag_name);
	put_bool(child(child(os, "mountExtensions"), "idmap"), "enabled", true);
}

static void put_annotations(struct json_object *doc)
{
	const struct scmp_version *version = seccomp_version();
	struct json_object *notes = child(doc, "annotations");
	autofree char *text =
		keg_printf("%u.%u.%u", version->major, version->minor, version->micro);

	keg_json_put_str(notes, "io.github.seccomp.libseccomp.version", text);
	/* Engines ask under the names that runc and crun chose. */
	keg_json_put_str(notes, "org.opencontainers.runc.checkpoint.enabled", "false");
	keg_json_put_str(notes, "run.oci.crun.checkpoint.enabled", "false");
	put_all(doc, "potentiallyUnsafeConfigAnnotations", annotations_name);
}

struct json_object *runtime_features(void)
{
	struct json_object *doc = json_object_new_object();

	keg_json_put_str(doc, "ociVersionMin", OLDEST_VERSION);
	keg_json_put_str(doc, "ociVersionMax", OCI_RUNTIME_VERSION);
	put_all(doc, "hooks", oci_hook_name);
	put_sorted(doc, "mountOptions", mount_opts_word);
	put_linux(doc);
	put_annotations(doc);
	return doc;
}
