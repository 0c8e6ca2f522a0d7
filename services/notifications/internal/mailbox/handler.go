package mailbox

import (
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"ticketmesh.dev/platform/event"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/problem"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

const (
	defaultLimit = 50
	maxLimit     = 1000
	root         = "/dev/mailbox"
)

// Handler serves the mailbox below /dev/mailbox: the list and single mails as pages, or as JSON for Accept:
// application/json, and attachments.
func (b *Box) Handler(logger *slog.Logger) http.Handler {
	h := handler{box: b, logger: logger}
	mux := http.NewServeMux()
	mux.HandleFunc(root, h.get(h.list))
	mux.HandleFunc(root+"/{$}", h.get(h.list))
	mux.HandleFunc(root+"/{id}", h.get(h.mail))
	mux.HandleFunc(root+"/{id}/attachments/{name}", h.get(h.attachment))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { problem.Write(w, r, problem.NotFound("")) })
	return mux
}

type handler struct {
	box    *Box
	logger *slog.Logger
}

// get answers what isn't GET or HEAD, and turns errors into problems.
func (h handler) get(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			problem.Write(w, r, problem.MethodNotAllowed("GET, HEAD"))
			return
		}
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Vary", "Accept")
		err := serve(w, r)
		if err == nil {
			return
		}
		var p *problem.Problem
		switch {
		case errors.As(err, &p):
		case errors.Is(err, ErrNotFound):
			p = problem.NotFound("")
		default:
			h.logger.ErrorContext(r.Context(), "mailbox failed", "path", r.URL.Path, "error", err)
			p = problem.Internal()
		}
		problem.Write(w, r, p)
	}
}

type mailJSON struct {
	ID          string            `json:"id"`
	To          string            `json:"to"`
	Subject     string            `json:"subject"`
	SentAt      string            `json:"sentAt"`
	Text        string            `json:"text"`
	HTML        string            `json:"html"`
	Headers     map[string]string `json:"headers"`
	Attachments []attachmentJSON  `json:"attachments"`
}

type attachmentJSON struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Size        int    `json:"size"`
}

func asJSON(m Mail) mailJSON {
	v := mailJSON{
		ID: m.ID.String(), To: m.To, Subject: m.Subject, SentAt: m.SentAt.Format(event.TimeFormat), Text: m.Text, HTML: m.HTML,
		Headers: map[string]string{"Message-ID": m.MessageID()}, Attachments: []attachmentJSON{},
	}
	if m.Unsubscribe != "" {
		v.Headers["List-Unsubscribe"] = "<" + m.Unsubscribe + ">"
		v.Headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
	}
	for _, a := range m.Attachments {
		v.Attachments = append(v.Attachments, attachmentJSON(a))
	}
	return v
}

func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	limit, to := defaultLimit, r.URL.Query().Get("to")
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			return problem.InvalidRequest(problem.Field{Field: "limit", Message: "must be a number from 1 to " + strconv.Itoa(maxLimit)})
		}
		limit = n
	}
	mails, err := h.box.Latest(r.Context(), to, limit)
	if err != nil {
		return err
	}
	if !wantsJSON(r) {
		return page(w, "list.html", map[string]any{"To": to, "Limit": limit, "Mails": mails})
	}
	items := make([]mailJSON, len(mails))
	for i, m := range mails {
		items[i] = asJSON(m)
	}
	return writeJSON(w, map[string]any{"items": items})
}

func (h handler) mail(w http.ResponseWriter, r *http.Request) error {
	mailID, err := id.Parse(r.PathValue("id"))
	if err != nil {
		return ErrNotFound
	}
	m, err := h.box.Mail(r.Context(), mailID)
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		return writeJSON(w, asJSON(m))
	}
	return page(w, "mail.html", m)
}

func (h handler) attachment(w http.ResponseWriter, r *http.Request) error {
	mailID, err := id.Parse(r.PathValue("id"))
	if err != nil {
		return ErrNotFound
	}
	name := r.PathValue("name")
	contentType, data, err := h.box.File(r.Context(), mailID, name)
	if err != nil {
		return err
	}
	// A browser shows documents that can't run scripts; everything else it saves.
	disposition := "attachment"
	if contentType == "application/pdf" {
		disposition = "inline"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	_, _ = w.Write(data) // the client may have gone
	return nil
}

func wantsJSON(r *http.Request) bool {
	for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		if mediaType, _, err := mime.ParseMediaType(accepted); err == nil {
			switch mediaType {
			case "application/json":
				return true
			case "text/html":
				return false
			}
		}
	}
	return false
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

func page(w http.ResponseWriter, name string, v any) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// Nothing on these pages runs, and nothing is loaded: what mails hold was written by others.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	var out strings.Builder
	if err := pages.ExecuteTemplate(&out, name, v); err != nil {
		return err
	}
	_, _ = w.Write([]byte(out.String()))
	return nil
}
