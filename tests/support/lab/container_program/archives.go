package main

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// archive does what `kubectl cp` asks of the program tar: cf - PATH, and xmf - -C FOLDER.
func archive(arguments []string) {
	folder, words := ".", []string{}
	for index := 0; index < len(arguments); index++ {
		if arguments[index] == "-C" {
			index++
			folder = arguments[index]
		} else if !strings.HasPrefix(arguments[index], "--") {
			words = append(words, arguments[index])
		}
	}
	if strings.Contains(words[0], "c") {
		check(pack(words[2]))
		return
	}
	check(unpack(folder))
}

func pack(root string) error {
	writer := tar.NewWriter(os.Stdout)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		information, err := entry.Info()
		if err != nil {
			return err
		}
		header, err := tar.FileInfoHeader(information, "")
		if err != nil {
			return err
		}
		header.Name = strings.TrimPrefix(path, "/")
		if err := writer.WriteHeader(header); err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(writer, file)
		return err
	})
	if err != nil {
		return err
	}
	return writer.Close()
}

func unpack(folder string) error {
	reader := tar.NewReader(os.Stdin)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(folder, header.Name)
		if header.FileInfo().IsDir() {
			if err := os.MkdirAll(path, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, header.FileInfo().Mode())
		if err != nil {
			return err
		}
		if _, err := io.Copy(file, reader); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
}
