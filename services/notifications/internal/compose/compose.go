// Package compose writes mails: subject, text, HTML and tickets to print, in the recipient's language and the
// performance's time zone. Equal input gives equal mails. It knows nothing of how they travel.
package compose

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"
	"unicode"

	// Containers and Lambda functions come without a time zone database.
	_ "time/tzdata"

	"ticketmesh.dev/services/notifications/internal/app"
	"ticketmesh.dev/services/notifications/internal/message"
)

//go:embed templates
var files embed.FS

// Composer writes mails. It may be used by many goroutines at once.
type Composer struct {
	baseURL string
	phrases map[string]*template.Template // by language
	text    *template.Template
	html    *htmltemplate.Template
}

var _ app.Composer = (*Composer)(nil)

// New returns a Composer whose links begin with baseURL, which has no slash at its end. It fails only when the templates
// that are compiled in are broken.
func New(baseURL string) (*Composer, error) {
	c := &Composer{baseURL: strings.TrimRight(baseURL, "/"), phrases: map[string]*template.Template{}}
	for tag := range languages {
		phrases, err := template.New(tag).Option("missingkey=error").ParseFS(files, "templates/"+tag+".tmpl")
		if err != nil {
			return nil, fmt.Errorf("templates in %s: %w", tag, err)
		}
		for _, t := range message.Templates() {
			for _, part := range []string{".draft", ".subject", ".body"} {
				if phrases.Lookup(string(t)+part) == nil {
					return nil, fmt.Errorf("templates in %s lack %s%s", tag, t, part)
				}
			}
		}
		c.phrases[tag] = phrases
	}
	var err error
	if c.text, err = template.ParseFS(files, "templates/mail.txt"); err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	if c.html, err = htmltemplate.ParseFS(files, "templates/mail.html"); err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	return c, nil
}

// view is what a template may say.
type view struct {
	Title     string
	When      string
	Previous  string
	Expires   string
	Returns   string
	OrderCode string
	Amount    string
	Reason    string
	Category  string
	Other     string
	Quantity  int
	Partial   bool
	Tickets   []place
}

// layout is what text and HTML have in common.
type layout struct {
	Language    string
	Labels      labels
	Subject     string
	Title       string
	Paragraphs  []string
	Details     []detail
	Places      []string
	Unsubscribe string
}

type detail struct{ Label, Value string }

// Draft implements app.Composer.
func (c *Composer) Draft(t message.Template, tag string) string {
	subject, err := c.phrase(languageOf(tag), string(t)+".draft", view{})
	if err != nil { // drafts have no fields that could be missing
		return string(t)
	}
	return subject
}

// Compose implements app.Composer.
func (c *Composer) Compose(m message.Message, b message.Background) (message.Mail, error) {
	l := languageOf(m.Recipient.Language)
	v := c.view(l, m, b)
	name := string(m.Template)
	subject, err := c.phrase(l, name+".subject", v)
	if err != nil {
		return message.Mail{}, err
	}
	body, err := c.phrase(l, name+".body", v)
	if err != nil {
		return message.Mail{}, err
	}
	page := layout{
		Language: l.tag, Labels: l.labels, Subject: oneLine(subject), Title: v.Title,
		Paragraphs: paragraphs(body), Details: details(l, m, b, v), Places: places(l, m, v),
	}
	if b.Token != "" {
		page.Unsubscribe = c.baseURL + "/notifications/unsubscribe/" + b.Token
	}
	mail := message.Mail{ID: m.ID, To: m.Recipient.Email, Subject: page.Subject, Language: l.tag}
	if !m.Template.Transactional() {
		mail.Unsubscribe = page.Unsubscribe
	}
	var text, html bytes.Buffer
	if err := c.text.Execute(&text, page); err != nil {
		return message.Mail{}, fmt.Errorf("write %s: %w", name, err)
	}
	if err := c.html.Execute(&html, page); err != nil {
		return message.Mail{}, fmt.Errorf("write %s: %w", name, err)
	}
	mail.Text, mail.HTML = strings.TrimSpace(text.String())+"\n", html.String()
	if mail.Attachments, err = tickets(l, m, b, v); err != nil {
		return message.Mail{}, err
	}
	return mail, nil
}

func (c *Composer) view(l *language, m message.Message, b message.Background) view {
	p, content := b.Performance, m.Content
	v := view{
		Title: oneLine(b.Title()), When: l.moment(p.StartsAt, p.TimeZone), Previous: l.moment(content.PreviousStart, p.TimeZone),
		Expires: l.moment(content.ExpiresAt, p.TimeZone), Returns: l.moment(p.ReturnsUntil, p.TimeZone), OrderCode: oneLine(content.OrderCode), Reason: oneLine(content.Reason),
		Category: named(p.Categories, content.PriceCategory), Other: oneLine(content.OtherEmail), Quantity: content.Quantity, Partial: content.Partial,
	}
	if content.Amount.Currency != "" {
		v.Amount = l.amount(content.Amount, m.Recipient.Language)
	}
	if m.Template == message.PerformanceCancelled {
		v.Reason = oneLine(p.Reason)
	}
	for _, t := range content.Tickets {
		v.Tickets = append(v.Tickets, placeOf(l, t, p, m.Recipient.Language))
	}
	return v
}

func (c *Composer) phrase(l *language, name string, v view) (string, error) {
	var out strings.Builder
	if err := c.phrases[l.tag].ExecuteTemplate(&out, name, v); err != nil {
		return "", fmt.Errorf("write %s in %s: %w", name, l.tag, err)
	}
	return strings.TrimSpace(out.String()), nil
}

// paragraphs splits at blank lines.
func paragraphs(body string) []string {
	var found []string
	for part := range strings.SplitSeq(body, "\n\n") {
		if part = oneLine(part); part != "" {
			found = append(found, part)
		}
	}
	return found
}

// oneLine makes a text from outside safe to stand in a subject or a line: no line breaks, which could start a header or
// a paragraph of their own, and no other controls.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	}), " ")
}

func named(names map[string]string, key string) string {
	if name := names[key]; name != "" {
		return oneLine(name)
	}
	return oneLine(key)
}
