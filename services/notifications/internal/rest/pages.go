package rest

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"ticketmesh.dev/services/notifications/internal/message"
)

//go:embed pages/unsubscribe.html
var unsubscribeHTML string

var unsubscribeTemplate = template.Must(template.New("unsubscribe").Parse(unsubscribeHTML))

type words struct {
	Language, Title, Question, Button, Done, Tickets string
}

var pageWords = map[string]map[message.Category]words{
	"en": {
		message.Tickets:  english("about tickets that you bought or received"),
		message.Payments: english("about payments, cancelled orders and refunds"),
		message.Changes:  english("about performances that are rescheduled or cancelled"),
		message.Waitlist: english("with offers from the waiting list"),
	},
	"de": {
		message.Tickets:  german("zu gekauften und erhaltenen Tickets"),
		message.Payments: german("zu Zahlungen, Stornierungen und Erstattungen"),
		message.Changes:  german("zu verlegten und entfallenen Vorstellungen"),
		message.Waitlist: german("mit Angeboten von der Warteliste"),
	},
}

func english(about string) words {
	return words{
		Language: "en", Title: "Mails from Ticketmesh", Question: "Do you want no more mails " + about + "?", Button: "No more of these mails",
		Done: "You get no more mails " + about + ".", Tickets: "Your tickets are not affected. You can turn the mails on again in your preferences.",
	}
}

func german(about string) words {
	return words{
		Language: "de", Title: "Mails von Ticketmesh", Question: "Möchten Sie keine Mails " + about + " mehr erhalten?", Button: "Diese Mails abbestellen",
		Done: "Sie erhalten keine Mails " + about + " mehr.", Tickets: "Ihre Tickets sind davon nicht betroffen. In den Einstellungen können Sie die Mails wieder einschalten.",
	}
}

// unsubscribePage asks whether to unsubscribe, or says that it is done.
func unsubscribePage(s message.Subscription, done bool) (io.Reader, error) {
	primary, _, _ := strings.Cut(strings.ToLower(s.Language), "-")
	byCategory, ok := pageWords[primary]
	if !ok {
		byCategory = pageWords["en"]
	}
	var out strings.Builder
	err := unsubscribeTemplate.Execute(&out, struct {
		words
		IsDone bool
	}{byCategory[s.Category], done})
	return strings.NewReader(out.String()), err
}
