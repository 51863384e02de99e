// The program of the tests' images: it says what it sees from inside a container, and does what it is asked to.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const ptraceSeize = 0x4206

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	if len(arguments) > 0 && arguments[0] == "--" {
		name, arguments = arguments[1], arguments[2:]
	}
	switch name {
	case "cat":
		for _, path := range arguments {
			content, err := os.ReadFile(path)
			check(err)
			os.Stdout.Write(content)
		}
		if len(arguments) == 0 {
			io.Copy(os.Stdout, os.Stdin)
		}
	case "exists":
		_, err := os.Stat(arguments[0])
		check(err)
	case "write":
		check(os.WriteFile(arguments[0], []byte(arguments[1]), 0o644))
	case "dig":
		check(dig(arguments[0]))
	case "fail":
		fmt.Fprintln(os.Stderr, "failing as asked")
		code, _ := strconv.Atoi(arguments[0])
		os.Exit(code)
	case "get":
		response, err := (&http.Client{Timeout: 10 * time.Second}).Get(arguments[0])
		check(err)
		fmt.Println(response.StatusCode)
		_, err = io.Copy(os.Stdout, response.Body)
		check(err)
	case "sleep":
		time.Sleep(time.Hour)
	case "signal":
		pid, _ := strconv.Atoi(arguments[0])
		check(syscall.Kill(pid, syscall.SIGTERM))
	case "terminal":
		terminal()
	case "size":
		size()
	case "tar":
		archive(arguments)
	case "kill":
		kill(arguments)
	case "escape":
		escape()
	case "descriptors":
		descriptors()
	case "writable":
		writable()
	case "climb":
		climb(arguments[0])
	case "connect":
		connect(arguments[0])
	default:
		serve(arguments)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func terminal() {
	path, err := os.Readlink("/proc/self/fd/0")
	check(err)
	fmt.Println("terminal", path)
}

// dig makes folders within each other, far more than one path can name, and closes the first of them.
func dig(folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	if err := os.Chdir(folder); err != nil {
		return err
	}
	for depth := 0; depth < 2000; depth++ {
		if err := os.Mkdir("deep", 0o755); err != nil {
			return err
		}
		if err := os.Chdir("deep"); err != nil {
			return err
		}
	}
	return os.Chmod(folder, 0)
}

// size prints the rows and columns of its terminal, now and whenever they change.
func size() {
	changes := make(chan os.Signal, 1)
	signal.Notify(changes, syscall.SIGWINCH)
	for {
		var size [4]uint16
		_, _, failure := syscall.Syscall(
			syscall.SYS_IOCTL, 0, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)),
		)
		if failure != 0 {
			check(failure)
		}
		fmt.Println("size", size[0], size[1])
		<-changes
	}
}

// kill traces and signals every process number that there may be, and says how many let it.
func kill(arguments []string) {
	most, _ := strconv.Atoi(arguments[0])
	signalled, traced := 0, 0
	for pid := 2; pid <= most; pid++ {
		// Threads have numbers too: the own ones, and those of the container's program, which the kernel protects.
		if exists("/proc/self/task", pid) || exists("/proc/1/task", pid) {
			continue
		}
		if raw(syscall.SYS_PTRACE, ptraceSeize, uintptr(pid)) == nil {
			traced++
		}
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			signalled++
		}
	}
	fmt.Println("signalled", signalled, "traced", traced)
}

func exists(folder string, number int) bool {
	_, err := os.Stat(fmt.Sprintf("%s/%d", folder, number))
	return err == nil
}

func serve(arguments []string) {
	port := os.Getenv("PORT")
	if port == "" {
		port = "80"
	}
	fmt.Println("serving", port, strings.Join(arguments, " "))
	http.HandleFunc("/", answer)
	server := &http.Server{Addr: ":" + port}
	ending := make(chan os.Signal, 1)
	signal.Notify(ending, syscall.SIGTERM, syscall.SIGQUIT)
	go func() {
		received := <-ending
		fmt.Println("ending by", received)
		os.WriteFile("/dev/termination-log", []byte("ended by "+received.String()), 0o644)
		os.Exit(0)
	}()
	check(server.ListenAndServe())
}

func answer(writer http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	switch request.URL.Path {
	case "/read":
		content, err := os.ReadFile(query.Get("path"))
		reply(writer, string(content), err)
	case "/write":
		err := os.WriteFile(query.Get("path"), []byte(query.Get("text")), 0o644)
		reply(writer, "written", err)
	case "/list":
		entries, err := os.ReadDir(query.Get("path"))
		names := []string{}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		reply(writer, names, err)
	case "/resolve":
		addresses, err := net.LookupHost(query.Get("name"))
		reply(writer, addresses, err)
	case "/resolve-srv":
		name, records, err := net.LookupSRV("", "", query.Get("name"))
		texts := []string{name}
		for _, record := range records {
			texts = append(texts, fmt.Sprintf("%s:%d", record.Target, record.Port))
		}
		reply(writer, texts, err)
	case "/get":
		response, err := (&http.Client{Timeout: 10 * time.Second}).Get(query.Get("url"))
		if err != nil {
			reply(writer, nil, err)
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		reply(writer, map[string]any{"status": response.StatusCode, "body": string(body)}, err)
	case "/exit":
		code, _ := strconv.Atoi(query.Get("code"))
		os.Exit(code)
	default:
		reply(writer, describe(request), nil)
	}
}

func describe(request *http.Request) map[string]any {
	folder, _ := os.Getwd()
	host, _ := os.Hostname()
	variables := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	return map[string]any{
		"arguments": os.Args, "folder": folder, "host": host, "variables": variables, "pid": os.Getpid(),
		"user": os.Getuid(), "group": os.Getgid(), "headers": request.Header,
	}
}

func reply(writer http.ResponseWriter, content any, err error) {
	if err != nil {
		writer.WriteHeader(http.StatusInternalServerError)
		content = map[string]string{"error": err.Error()}
	}
	json.NewEncoder(writer).Encode(content)
}
