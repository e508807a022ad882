/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol.h - what an engine and a container's monitor say to each other.
 *
 * The layer: a monitor stays with one container (or one exec session) from before it is
 * created until it is gone. It holds the container's stdio, writes its log, serves clients
 * that attach, and records how it ended. `options.h` is its command line, `monitor.h` its
 * life; the engine needs this header alone. All of it but the --keg options is conmon's
 * public protocol (API version 1), so either side can be swapped for its peer.
 *
 * Theory of operation
 * -------------------
 * 1. The engine makes two pipes and starts the monitor with
 *      _OCI_SYNCPIPE=<fd>   write end: the monitor reports on it
 *      _OCI_STARTPIPE=<fd>  read end: the monitor does nothing until a byte or the end comes,
 *                           so that the engine can first put it into a cgroup.
 *    _OCI_STARTPIPE may be absent: then there is no waiting.
 * 2. The monitor forks; the first process leaves with status 0 once its child's pid is in
 *    --conmon-pidfile (with --sync it stays and nothing forks). A usage error, or a log that
 *    cannot be opened, is a line on stderr and status 1 from this first process.
 * 3. The monitor runs the runtime's `create` (or `exec`) and reports on the sync pipe one
 *    line, {"data": PID}, or {"data": -1, "message": "..."} and ends with status 1. With
 *    --api-version 0 (the default; always give 1) the key is "pid", or "exit_code" for exec.
 *    With the built-in runtime a failure also carries "code" (enum keg_code), "errno" and,
 *    where there is one, "hint": the runtime's struct keg_err.
 *    PID is also in --container-pidfile by then. The sync pipe is closed after this line,
 *    but for exec a second line follows at the end: {"data": EXITSTATUS}.
 * 4. When the line is there so are the attach socket and the ctl fifo. The engine attaches
 *    if it wants to, then starts the container through the runtime.
 *    With --exec-attach an exec session starts by itself, so it waits once more: the monitor
 *    writes {"data": 0} to _OCI_ATTACHPIPE when the socket listens and waits for a second
 *    byte on _OCI_STARTPIPE before it runs the runtime.
 * 5. When the container's process is gone and its output is in the log: EXITDIR/CID (and
 *    PERSISTDIR/exit) hold the exit status in decimal (128 + signal; -1 after --timeout),
 *    written beside and renamed; then attach clients see the end of file, each once it has
 *    read all output; the exit command runs and is waited for; the monitor ends.
 *    The log is synced unless --no-sync-log, which costs milliseconds on a disk.
 *
 * Files, all in the bundle folder unless options say otherwise:
 *    attach   SOCK_SEQPACKET. To the client: one byte 2 (stdout) or 3 (stderr), then up to
 *             MONITOR_CHUNK bytes of output. From the client: raw stdin; shutdown(SHUT_WR)
 *             (or an empty packet) closes the container's stdin unless --leave-stdin-open.
 *             With --full-attach at BUNDLE/attach, else at SOCKETDIR/CUUID/attach.
 *             A client that reads slowly loses nothing and holds up nobody, until it is
 *             64 MiB behind.
 *    ctl      fifo of lines: "1 HEIGHT WIDTH" resizes the terminal, "2 0 0" reopens the log.
 *    winsz    fifo of lines "HEIGHT WIDTH", the same as ctl's 1.
 *    oom      made (empty) in the bundle and in PERSISTDIR when the kernel killed for memory.
 */
#ifndef KEG_MONITOR_PROTOCOL_H
#define KEG_MONITOR_PROTOCOL_H

#define MONITOR_ENV_SYNC "_OCI_SYNCPIPE"
#define MONITOR_ENV_START "_OCI_STARTPIPE"
#define MONITOR_ENV_ATTACH "_OCI_ATTACHPIPE"

#define MONITOR_FILE_ATTACH "attach"
#define MONITOR_FILE_CTL "ctl"
#define MONITOR_FILE_WINSZ "winsz"
#define MONITOR_FILE_OOM "oom"
#define MONITOR_FILE_EXIT "exit" /* in PERSISTDIR; in EXITDIR the name is the container's id */

/* First byte of a packet on the attach socket. */
enum monitor_stream { MONITOR_STDOUT = 2, MONITOR_STDERR = 3 };
enum { MONITOR_CHUNK = 8192 };

enum monitor_ctl { MONITOR_CTL_RESIZE = 1, MONITOR_CTL_REOPEN = 2 };

/*
 * Private options: between keg and kegmon only, never given to a foreign monitor.
 *
 * --keg-runtime-root DIR   run the built-in runtime (runtime/runtime.h) in a forked child,
 *                          with its state below DIR, instead of executing --runtime, which
 *                          may then be absent. --runtime-arg is refused with it.
 * --keg-rootfs-fd N        a detached mount (fsmount, open_tree) that becomes the container's
 *                          root; the monitor closes its copy once the container is created.
 *                          Built-in runtime only.
 * --keg-no-cgroups         make no control group. Built-in runtime only.
 * --keg-client-fd N        one end of a Unix stream socket whose other end only the client
 *                          holds. Its hang-up tells the client that the monitor died, whoever
 *                          else may hold the sync pipe. The client writes
 *                          MONITOR_CLIENT_STARTED once the container runs; if it is gone
 *                          without that, nobody will ever start the container: the monitor
 *                          kills it, or the runtime that still creates it, and goes on to
 *                          step 5. A client that does not stay, or detaches, closes its end
 *                          after that byte. To one that stays the monitor writes
 *                          "EXITSTATUS\n" after step 5's exit file and then waits: a byte
 *                          (MONITOR_CLIENT_CLEANS) means "I have cleaned up", and the exit
 *                          command is not run; a hang-up without it (the client was killed)
 *                          runs the exit command.
 */
#define MONITOR_OPT_RUNTIME_ROOT "--keg-runtime-root"
#define MONITOR_OPT_ROOTFS_FD "--keg-rootfs-fd"
#define MONITOR_OPT_NO_CGROUPS "--keg-no-cgroups"
#define MONITOR_OPT_CLIENT_FD "--keg-client-fd"
#define MONITOR_CLIENT_STARTED 's'
#define MONITOR_CLIENT_CLEANS 'c'

#endif
