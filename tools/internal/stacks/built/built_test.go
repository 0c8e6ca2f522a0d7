package built_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"ticketmesh.dev/tools/internal/stacks/built"
)

// program is the least that is read of one.
func program(t *testing.T, machine elf.Machine, kind elf.Type, parts ...elf.ProgType) []byte {
	t.Helper()
	header := elf.Header64{Type: uint16(kind), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: uint16(len(parts))}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	var b bytes.Buffer
	values := []any{header}
	for _, part := range parts {
		values = append(values, elf.Prog64{Type: uint32(part)})
	}
	for _, value := range values {
		if err := binary.Write(&b, binary.LittleEndian, value); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// noise is what no archive makes smaller.
func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // it never fails
	return b
}

func TestAFunctionIsAProgramForArm64ThatNeedsNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		give []byte
		mode os.FileMode
		want string
	}{
		{"as Go links it", program(t, elf.EM_AARCH64, elf.ET_EXEC, elf.PT_LOAD), 0o755, ""},
		{"for another processor", program(t, elf.EM_X86_64, elf.ET_EXEC, elf.PT_LOAD), 0o755, "bootstrap is ET_EXEC for EM_X86_64, not a program for arm64"},
		{"a library", program(t, elf.EM_AARCH64, elf.ET_DYN, elf.PT_LOAD), 0o755, "bootstrap is ET_DYN for EM_AARCH64, not a program for arm64"},
		{"with libraries", program(t, elf.EM_AARCH64, elf.ET_EXEC, elf.PT_LOAD, elf.PT_INTERP), 0o755, "bootstrap needs libraries that are not there"},
		{"that nobody may start", program(t, elf.EM_AARCH64, elf.ET_EXEC, elf.PT_LOAD), 0o644, "bootstrap may not be executed"},
		{"too large", append(program(t, elf.EM_AARCH64, elf.ET_EXEC, elf.PT_LOAD), noise(9<<20)...), 0o755, "bootstrap has 9440272 bytes when it is zipped, which shall be fewer than 9437184"},
		{"a script", []byte("#!/bin/sh\n"), 0o755, "bootstrap: EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "bootstrap")
			if err := os.WriteFile(path, tt.give, tt.mode); err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := built.Program(path); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if err := built.Program(filepath.Join(t.TempDir(), "bootstrap")); err == nil {
		t.Error("a program that is not there is one")
	}
}
