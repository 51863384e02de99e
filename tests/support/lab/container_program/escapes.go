package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// Numbers of system calls that package syscall does not name: on amd64 and on arm64.
var callNumbers = map[string][2]uintptr{
	"bpf": {321, 280}, "userfaultfd": {323, 282}, "open_by_handle_at": {304, 265}, "setns": {308, 268},
	"io_uring_setup": {425, 425}, "fsopen": {430, 430},
}

// Namespaces that a process can leave, and the folder in /proc/self/ns of each.
var namespaces = map[string]uintptr{
	"user": syscall.CLONE_NEWUSER, "mnt": syscall.CLONE_NEWNS, "net": syscall.CLONE_NEWNET, "pid": syscall.CLONE_NEWPID,
	"ipc": syscall.CLONE_NEWIPC, "uts": syscall.CLONE_NEWUTS, "cgroup": 0x02000000, "time": 0x00000080,
}

const vsock = 40

// escape tries everything that would lead out of a container, and prints what came of each: nothing if it worked.
func escape() {
	runtime.LockOSThread()
	results := map[string]string{}
	try := func(name string, err error) {
		results[name] = ""
		if err != nil {
			results[name] = err.Error()
		}
	}
	for name, flag := range namespaces {
		try("unshare "+name, syscall.Unshare(int(flag)))
		try("clone "+name, clone(flag))
		try("setns "+name, enter(name, flag))
	}
	try("mount", syscall.Mount("none", "/srv", "tmpfs", 0, ""))
	try("bind", syscall.Mount("/", "/srv", "", syscall.MS_BIND, ""))
	try("remount /proc/sys", syscall.Mount("none", "/proc/sys", "", syscall.MS_REMOUNT|syscall.MS_BIND, ""))
	try("umount /proc/keys", syscall.Unmount("/proc/keys", syscall.MNT_DETACH))
	try("pivot_root", syscall.PivotRoot("/srv", "/srv"))
	try("chroot", syscall.Chroot("/srv"))
	try("mknod", syscall.Mknod("/srv/disk", syscall.S_IFBLK|0o600, 8<<8))
	for _, number := range []int{0, 12345} {
		try(fmt.Sprintf("setuid %d", number), raw(syscall.SYS_SETUID, uintptr(number)))
		try(fmt.Sprintf("setgid %d", number), raw(syscall.SYS_SETGID, uintptr(number)))
	}
	none := int32(0)
	try("setgroups", raw(syscall.SYS_SETGROUPS, 1, uintptr(unsafe.Pointer(&none))))
	try("sethostname", syscall.Sethostname([]byte("other")))
	try("raw socket", open(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP))
	try("packet socket", open(syscall.AF_PACKET, syscall.SOCK_RAW, 0))
	try("vsock", open(vsock, syscall.SOCK_STREAM, 0))
	page := make([]byte, 4096)
	buffer := uintptr(unsafe.Pointer(&page[0]))
	try("keyctl", raw(syscall.SYS_KEYCTL, 0, ^uintptr(2), 0)) // the number of the session keyring
	keyKind, keyName := []byte("user\x00"), []byte("name\x00")
	kind, name := uintptr(unsafe.Pointer(&keyKind[0])), uintptr(unsafe.Pointer(&keyName[0]))
	try("add_key", raw(syscall.SYS_ADD_KEY, kind, name, buffer, 8, ^uintptr(2)))
	try("request_key", raw(syscall.SYS_REQUEST_KEY, kind, name, 0, ^uintptr(2)))
	try("kernel log", raw(syscall.SYS_SYSLOG, 3, buffer, 4096))
	try("perf_event_open", raw(syscall.SYS_PERF_EVENT_OPEN, buffer, 0, ^uintptr(0), ^uintptr(0), 0))
	try("userfaultfd", raw(callNumber("userfaultfd"), 1))
	try("io_uring_setup", raw(callNumber("io_uring_setup"), 1, buffer))
	try("bpf", raw(callNumber("bpf"), 0, buffer, 72))
	try("open_by_handle_at", raw(callNumber("open_by_handle_at"), 0, buffer, 0))
	json.NewEncoder(os.Stdout).Encode(results)
}

func callNumber(name string) uintptr {
	if runtime.GOARCH == "amd64" {
		return callNumbers[name][0]
	}
	return callNumbers[name][1]
}

func raw(number uintptr, arguments ...uintptr) error {
	full := [6]uintptr{}
	copy(full[:], arguments)
	_, _, failure := syscall.RawSyscall6(number, full[0], full[1], full[2], full[3], full[4], full[5])
	if failure != 0 {
		return failure
	}
	return nil
}

func clone(flag uintptr) error {
	// A thread of another time namespace does not exist: the kernel refuses the flag itself.
	process, err := os.StartProcess("/proc/self/exe", []string{"exists", "/"}, &os.ProcAttr{
		Sys: &syscall.SysProcAttr{Cloneflags: flag},
	})
	if err == nil {
		process.Wait()
	}
	return err
}

func enter(name string, flag uintptr) error {
	file, err := os.Open("/proc/self/ns/" + name)
	if err != nil {
		return err
	}
	defer file.Close()
	return raw(callNumber("setns"), file.Fd(), flag)
}

func open(family int, kind int, protocol int) error {
	descriptor, err := syscall.Socket(family, kind, protocol)
	if err == nil {
		syscall.Close(descriptor)
	}
	return err
}

// descriptors prints what the program has open, but for the folder that it reads.
func descriptors() {
	const folder = "/proc/self/fd"
	entries, err := os.ReadDir(folder)
	check(err)
	for _, entry := range entries {
		if target, err := os.Readlink(filepath.Join(folder, entry.Name())); err == nil {
			fmt.Println(entry.Name(), target)
		}
	}
}

// writable prints every file of the machine's that can be opened for writing: in /proc but for processes, in /sys, in /dev.
func writable() {
	for _, root := range []string{"/proc", "/sys", "/dev"} {
		filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if filepath.Dir(path) == "/proc" && strings.Trim(entry.Name(), "0123456789") == "" {
				return fs.SkipDir
			}
			if entry.IsDir() || entry.Type()&fs.ModeSymlink != 0 || root == "/proc" && isNull(path) {
				return nil
			}
			descriptor, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
			if err == nil {
				syscall.Close(descriptor)
				fmt.Println(path)
			}
			return nil
		})
	}
}

// isNull says whether a file is covered by /dev/null.
func isNull(path string) bool {
	null, err := os.Stat("/dev/null")
	check(err)
	file, err := os.Stat(path)
	return err == nil && os.SameFile(file, null)
}

// climb prints what is in the folder that is reached by so many `..` from a folder that it has opened.
func climb(path string) {
	descriptor, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	check(err)
	for step := 0; step < 64; step++ {
		descriptor, err = syscall.Openat(descriptor, "..", syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
		check(err)
	}
	entries, err := os.NewFile(uintptr(descriptor), "top").ReadDir(-1)
	check(err)
	for _, entry := range entries {
		fmt.Println(entry.Name())
	}
}

// connect connects to a Unix socket: one with a name that begins with @ is in no file system.
func connect(name string) {
	connection, err := net.Dial("unix", name)
	check(err)
	connection.Close()
	fmt.Println("connected")
}
