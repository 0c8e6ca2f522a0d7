// Package compat finds changes of the contracts that a consumer would notice:
// it compares event schemas and OpenAPI documents with an earlier state in git.
// It knows the rules of compatibility and nothing of what the contracts say.
//
// Events: within a version old consumers read new events, and new consumers read
// old ones from the archive. See rules for each verdict. How definitions are
// named and shared is free: a reference counts as what it leads to.
//
// OpenAPI documents: requests may allow more and answers less. oasdiff tells,
// with the exceptions in alsoBreaking and closedBodies.
package compat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrUnknownRef reports a git ref that the repository does not have.
	ErrUnknownRef = errors.New("unknown git ref")
	// ErrNothing reports that there are contracts neither now nor at the ref.
	ErrNothing = errors.New("no contracts to compare")
)

// Finding is a change of a contract.
type Finding struct {
	File       string `json:"file"`
	Pointer    string `json:"pointer"` // JSON pointer into the file; empty for all of it
	Rule       string `json:"rule"`
	Change     string `json:"change"`
	Compatible bool   `json:"compatible"` // no consumer would notice
	Remedy     string `json:"remedy,omitempty"`
	Against    string `json:"against"`            // the git ref that it differs from
	Accepted   string `json:"accepted,omitempty"` // why it is no failure although it is incompatible
}

// Report is the outcome of a check.
type Report struct {
	Findings []Finding    // what is incompatible, accepted or not
	Unused   []Correction // corrections that accept none of them
}

// Check compares the contracts of the workspace at root with those at the ref
// and at every release before it (tags v*), and finds what is incompatible, and
// files that changed without a word in their history. What is so with several
// of them is found once, with the first of them.
func Check(ctx context.Context, root, ref string) (Report, error) {
	r := repository{root}
	all, err := r.against(ctx, ref, ref)
	if err != nil {
		return Report{}, err
	}
	releases, err := r.releases(ctx)
	if err != nil {
		return Report{}, err
	}
	for _, tag := range releases {
		findings, err := r.against(ctx, tag, "refs/tags/"+tag)
		if err != nil {
			return Report{}, err
		}
		all = append(all, findings...)
	}
	corrections, err := r.corrections(ctx)
	if err != nil {
		return Report{}, err
	}
	var report Report
	known := map[Finding]bool{}
	for _, finding := range all {
		change := finding
		change.Against = ""
		if !finding.Compatible && !known[change] {
			known[change] = true
			report.Findings = append(report.Findings, finding)
		}
	}
	report.Unused = correct(report.Findings, corrections)
	return report, nil
}

// Diff finds all changes of the contracts since the ref, compatible ones too.
func Diff(ctx context.Context, root, ref string) ([]Finding, error) {
	findings, err := repository{root}.against(ctx, ref, ref)
	return slices.DeleteFunc(findings, func(f Finding) bool { return f.Rule == "history-missing" }), err
}

// against compares the work tree with a commit; name is what findings call it.
func (r repository) against(ctx context.Context, name, ref string) ([]Finding, error) {
	if _, err := r.git(ctx, "rev-parse", "--is-inside-work-tree"); err != nil {
		return nil, err
	}
	commit, err := r.commit(ctx, ref)
	if err != nil {
		return nil, err
	}
	old, err := r.at(ctx, commit)
	if err != nil {
		return nil, err
	}
	now, err := r.workTree()
	if err != nil {
		return nil, err
	}
	if len(old.files)+len(now.files) == 0 {
		return nil, fmt.Errorf("%w in %s", ErrNothing, r.root) // most likely another folder was meant
	}
	findings, err := r.compare(ctx, old, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i := range findings {
		findings[i].Against = name
	}
	return findings, nil
}

func (r repository) compare(ctx context.Context, old, now *state) ([]Finding, error) {
	files := append(slices.Clone(old.files), now.files...)
	slices.Sort(files)
	files = slices.Compact(files)
	var findings []Finding
	add := func(found []Finding) {
		for _, finding := range found {
			if !slices.Contains(findings, finding) { // events share definitions
				findings = append(findings, finding)
			}
		}
	}
	for _, file := range files {
		found, err := r.compareFile(ctx, file, old, now)
		if err != nil {
			return nil, err
		}
		add(found)
	}
	for _, file := range files {
		if !old.has(file) || !now.has(file) {
			continue
		}
		was, err := old.read(file)
		if err != nil {
			return nil, err
		}
		is, err := now.read(file)
		if err != nil {
			return nil, err
		}
		add(unexplained(file, was.value, is.value, findings))
		add(unrecorded(file, was.value, is.value))
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Pointer, b.Pointer))
	})
	return findings, nil
}

func (r repository) compareFile(ctx context.Context, file string, old, now *state) ([]Finding, error) {
	was, is := old.has(file), now.has(file)
	switch {
	case !is && isDocument(file):
		return []Finding{finding(file, "", "document-removed", "the API is gone")}, nil
	case !is && isShared(file):
		return []Finding{finding(file, "", "form-changed", "no event refers to it any more")}, nil
	case !is:
		return []Finding{finding(file, "", "schema-removed", "the schema is gone")}, nil
	case !was && isDocument(file):
		return []Finding{finding(file, "", "document-added", "the API is new")}, nil
	case !was:
		return []Finding{finding(file, "", "schema-added", "the schema is new")}, nil
	case isDocument(file):
		return r.compareDocuments(ctx, file, old, now)
	case isShared(file):
		return nil, nil // compared where events refer to it
	}
	return compareSchemas(file, old, now)
}
