package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ticketmesh.dev/contracts/identityapi"
	"ticketmesh.dev/contracts/showsapi"
	"ticketmesh.dev/platform/id"
)

func newSeatPlan() *cobra.Command {
	return group("seatplan", "Move seat plans in and out", newSeatPlanImport(), newSeatPlanExport())
}

// planFlags say at which mesh, as whom and in which format.
type planFlags struct {
	url, email, format *string
	asJSON             *bool
}

func planFlagsOf(cmd *cobra.Command) planFlags {
	return planFlags{
		url:    cmd.Flags().String("url", "http://127.0.0.1:8080", "the running mesh"),
		email:  cmd.Flags().String("email", "", "an organizer's account; its password is read from standard input"),
		format: cmd.Flags().String("format", string(showsapi.SeatPlanFormatPretix), "format of the document: pretix"),
		asJSON: jsonFlag(cmd),
	}
}

func (f planFlags) check() error {
	var wrong []error
	if *f.email == "" {
		wrong = append(wrong, errors.New("--email is needed"))
	}
	if showsapi.SeatPlanFormat(*f.format).Validate() != nil {
		wrong = append(wrong, fmt.Errorf("--format: %q is not pretix", *f.format))
	}
	if len(wrong) > 0 {
		return usageError{errors.Join(wrong...)}
	}
	return nil
}

func newSeatPlanImport() *cobra.Command {
	cmd := &cobra.Command{Use: "import FILE", Short: "Make a seat plan out of a document in another's format", Args: cobra.ExactArgs(1)}
	flags := planFlagsOf(cmd)
	name := cmd.Flags().String("name", "", "name of the plan; the document's unless given")
	cmd.RunE = does(func(cmd *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return err
		}
		text, err := os.ReadFile(args[0])
		if err != nil {
			return usageError{err}
		}
		request := &showsapi.ImportSeatPlan{Format: showsapi.SeatPlanFormat(*flags.format)}
		if err := request.Document.UnmarshalJSON(text); err != nil {
			return usageError{fmt.Errorf("%s is not a JSON object", args[0])}
		}
		if *name != "" {
			request.Name.SetTo(*name)
		}
		client, err := organizerClient(cmd.Context(), *flags.url, *flags.email, cmd.InOrStdin())
		if err != nil {
			return err
		}
		answer, err := client.ImportSeatPlan(cmd.Context(), request, showsapi.ImportSeatPlanParams{})
		if err != nil {
			return err
		}
		imported, ok := answer.(*showsapi.SeatPlanImportedHeaders)
		if !ok {
			return refusal(answer)
		}
		plan := imported.Response.Plan
		return printer{cmd.OutOrStdout(), *flags.asJSON}.print(&imported.Response,
			fmt.Sprintf("seat plan %s: %s, %d areas, %d places%s", plan.PlanID, plan.Name, len(plan.Areas), plan.Places, findingLines(imported.Response.Findings)))
	})
	return cmd
}

func newSeatPlanExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export PLAN-ID", Short: "Write a seat plan in another's format to standard output, and what that cannot say to standard error",
		Args: cobra.ExactArgs(1),
	}
	flags := planFlagsOf(cmd)
	version := cmd.Flags().Int("version", 0, "version of the plan; the newest unless given")
	cmd.RunE = does(func(cmd *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return err
		}
		planID, err := id.Parse(args[0])
		if err != nil {
			return usageError{fmt.Errorf("%q is not the id of a seat plan", args[0])}
		}
		params := showsapi.ExportSeatPlanParams{PlanId: planID, Format: showsapi.NewOptExportSeatPlanFormat(showsapi.ExportSeatPlanFormat(*flags.format))}
		if *version != 0 {
			params.Version.SetTo(*version)
		}
		client, err := organizerClient(cmd.Context(), *flags.url, *flags.email, cmd.InOrStdin())
		if err != nil {
			return err
		}
		answer, err := client.ExportSeatPlan(cmd.Context(), params)
		if err != nil {
			return err
		}
		exported, ok := answer.(*showsapi.SeatPlanExport)
		if !ok {
			return refusal(answer)
		}
		if *flags.asJSON {
			return printer{cmd.OutOrStdout(), true}.print(exported, "")
		}
		members := make(map[string]json.RawMessage, len(exported.Document))
		for name, value := range exported.Document {
			members[name] = json.RawMessage(value)
		}
		document, err := json.MarshalIndent(members, "", " ") // in a fixed order
		if err != nil {
			return err
		}
		if lines := findingLines(exported.Findings); lines != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), strings.TrimPrefix(lines, "\n"))
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), string(document))
		return err
	})
	return cmd
}

func findingLines(findings []showsapi.SeatPlanFinding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "\nnote: %s", f.Message)
		if f.Count > 1 {
			fmt.Fprintf(&b, " (%d times, first at %s)", f.Count, f.Where)
			continue
		}
		fmt.Fprintf(&b, " (%s)", f.Where)
	}
	return b.String()
}

// bearer is an access token as a client sends it.
type bearer string

// Bearer implements showsapi.SecuritySource.
func (b bearer) Bearer(context.Context, showsapi.OperationName) (showsapi.Bearer, error) {
	return showsapi.Bearer{Token: string(b)}, nil
}

// organizerClient signs in at the mesh with the password from the input.
func organizerClient(ctx context.Context, url, email string, input io.Reader) (*showsapi.Client, error) {
	password, err := bufio.NewReader(input).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	identity, err := identityapi.NewClient(url)
	if err != nil {
		return nil, usageError{fmt.Errorf("--url: %w", err)}
	}
	answer, err := identity.IssueTokens(ctx, identityapi.NewPasswordGrantTokenRequest(identityapi.PasswordGrant{
		Email: email, Password: strings.TrimRight(password, "\r\n"),
	}))
	if err != nil {
		return nil, err
	}
	tokens, ok := answer.(*identityapi.Tokens)
	if !ok {
		return nil, fmt.Errorf("sign in as %s: %w", email, refusal(answer))
	}
	return showsapi.NewClient(url, bearer(tokens.AccessToken))
}

// refusal is the error in an answer that is a problem, of whichever status.
func refusal(answer any) error {
	if other, ok := answer.(*showsapi.ProblemStatusCode); ok {
		answer = &other.Response
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	var problem showsapi.Problem
	if err := problem.UnmarshalJSON(text); err != nil {
		return fmt.Errorf("unexpected answer %T", answer)
	}
	return errors.New(problem.Code + ": " + problem.Detail.Or(problem.Title))
}
