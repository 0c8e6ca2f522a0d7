package compose

import (
	"fmt"
	"strings"
	"unicode"

	"ticketmesh.dev/platform/pdf"
	"ticketmesh.dev/services/notifications/internal/message"
)

// place is a ticket in words.
type place struct {
	Area, Row, Seat, Category, Price string
}

func placeOf(l *language, t message.Ticket, p message.Performance, tag string) place {
	v := place{Area: named(p.Areas, t.AreaID), Category: named(p.Categories, t.PriceCategory)}
	if t.Seat != "" {
		// Row labels may have dashes themselves, numbers don't.
		if at := strings.LastIndexByte(t.Seat, '-'); at > 0 {
			v.Row, v.Seat = oneLine(t.Seat[:at]), oneLine(t.Seat[at+1:])
		} else {
			v.Seat = oneLine(t.Seat)
		}
	}
	if t.Price.Currency != "" {
		v.Price = l.amount(t.Price, tag)
	}
	return v
}

// line is a place in one line of a mail.
func (p place) line(l *language) string {
	parts := []string{p.Area}
	if p.Row != "" {
		parts = append(parts, l.labels.Row+" "+p.Row)
	}
	if p.Seat != "" {
		parts = append(parts, l.labels.Seat+" "+p.Seat)
	}
	if p.Category != "" {
		parts = append(parts, p.Category)
	}
	if p.Price != "" {
		parts = append(parts, p.Price)
	}
	return strings.Join(parts, ", ")
}

// maxPlaces keeps mails about big orders readable; all tickets are in the attachment.
const maxPlaces = 50

func places(l *language, m message.Message, v view) []string {
	switch m.Template {
	case message.OrderConfirmed, message.OrderCancelled, message.OrderRefunded, message.TicketReceived, message.TicketTransferred:
	default:
		return nil
	}
	var lines []string
	for i, p := range v.Tickets {
		if i == maxPlaces {
			lines = append(lines, fmt.Sprintf("+ %d", len(v.Tickets)-maxPlaces))
			break
		}
		lines = append(lines, p.line(l))
	}
	return lines
}

// details are the facts that most mails show.
func details(l *language, m message.Message, b message.Background, v view) []detail {
	var list []detail
	add := func(label, value string) {
		if value != "" {
			list = append(list, detail{label, value})
		}
	}
	add(l.labels.When, v.When)
	add(l.labels.Where, where(b))
	add(l.labels.Order, v.OrderCode)
	switch m.Template {
	case message.OrderConfirmed:
		for _, fee := range m.Content.Fees {
			add(oneLine(fee.Name), l.amount(fee.Amount, m.Recipient.Language))
		}
		if tax := m.Content.Tax; tax.Name != "" {
			label := oneLine(tax.Name) + " " + oneLine(tax.Percent) + " %"
			if tax.Included {
				label += " (" + l.labels.Included + ")"
			}
			add(label, l.amount(tax.Amount, m.Recipient.Language))
		}
		add(l.labels.Total, v.Amount)
	case message.OrderRefunded:
		add(l.labels.Refund, v.Amount)
	}
	return list
}

func where(b message.Background) string {
	if b.Venue == nil {
		return ""
	}
	var parts []string
	for _, part := range []string{b.Venue.Name, b.Venue.Address, b.Venue.City} {
		if part = oneLine(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// tickets prints the tickets that have codes, one page each.
func tickets(l *language, m message.Message, b message.Background, v view) ([]message.Attachment, error) {
	var pages []pdf.Page
	for i, t := range m.Content.Tickets {
		if t.Code == "" {
			continue
		}
		p := v.Tickets[i]
		pages = append(pages, pdf.Page{
			Heading: v.Title, Subheading: v.When,
			Lines: []pdf.Line{
				{Label: l.labels.Where, Value: where(b)},
				{Label: l.labels.Area, Value: p.Area},
				{Label: l.labels.Row, Value: p.Row},
				{Label: l.labels.Seat, Value: p.Seat},
				{Label: l.labels.Category, Value: p.Category},
				{Label: l.labels.Price, Value: p.Price},
				{Label: l.labels.Order, Value: v.OrderCode},
			},
			Code: t.Code, CodeCaption: t.ID.String(), Footer: l.labels.Note,
		})
	}
	if len(pages) == 0 {
		return nil, nil
	}
	// A line without a value has no place on a ticket.
	for i := range pages {
		kept := pages[i].Lines[:0]
		for _, line := range pages[i].Lines {
			if line.Value != "" {
				kept = append(kept, line)
			}
		}
		pages[i].Lines = kept
	}
	file, err := pdf.Render("Ticketmesh", pages)
	if err != nil {
		return nil, fmt.Errorf("print tickets: %w", err)
	}
	name := l.labels.Tickets
	if len(pages) == 1 {
		name = l.labels.Ticket
	}
	if code := fileName(v.OrderCode); code != "" {
		name += "-" + code
	}
	return []message.Attachment{{Name: name + ".pdf", ContentType: "application/pdf", Data: file}}, nil
}

// fileName keeps what every system takes in a file's name.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-') {
			return r
		}
		return -1
	}, s)
}
