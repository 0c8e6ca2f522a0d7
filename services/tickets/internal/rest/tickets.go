package rest

import (
	"bytes"
	"context"
	"fmt"
	"time"

	api "ticketmesh.dev/contracts/ticketsapi"
	"ticketmesh.dev/platform/pdf"
	"ticketmesh.dev/platform/qr"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// qrPixels is the edge of the image that GET qr.png answers.
const qrPixels = 480

// GetTicket implements api.Handler.
func (h *handler) GetTicket(ctx context.Context, params api.GetTicketParams) (api.GetTicketRes, error) {
	found, code, err := h.selling.Ticket(ctx, caller(ctx), params.TicketId)
	if err != nil {
		return nil, err
	}
	return ticketAnswer(found, code), nil
}

// TransferTicket implements api.Handler.
func (h *handler) TransferTicket(ctx context.Context, req *api.TransferTicket, params api.TransferTicketParams) (api.TransferTicketRes, error) {
	if err := isAddress(req.Email); err != nil {
		return nil, err
	}
	transferred, code, err := h.selling.Transfer(ctx, caller(ctx), params.TicketId, req.Email)
	if err != nil {
		return nil, err
	}
	return ticketAnswer(transferred, code), nil
}

func ticketAnswer(t ticket.Ticket, code string) *api.Ticket {
	answer := &api.Ticket{
		TicketID: t.ID, OrderID: t.OrderID, PerformanceID: t.PerformanceID, AreaID: t.AreaID, Seat: optional(t.Seat),
		Status: api.TicketStatus(t.Status), Code: code,
	}
	if t.Status == ticket.Admitted {
		answer.AdmittedAt, answer.Gate = api.NewOptDateTime(t.Admission.At), optional(t.Admission.Gate)
	}
	return answer
}

// GetTicketQR implements api.Handler.
func (h *handler) GetTicketQR(ctx context.Context, params api.GetTicketQRParams) (api.GetTicketQRRes, error) {
	printed, err := h.selling.PrintTicket(ctx, caller(ctx), params.TicketId)
	if err != nil {
		return nil, err
	}
	image, err := qr.PNG(printed.Code, qrPixels)
	if err != nil {
		return nil, err
	}
	return &api.GetTicketQROK{Data: bytes.NewReader(image)}, nil
}

// GetTicketPDF implements api.Handler.
func (h *handler) GetTicketPDF(ctx context.Context, params api.GetTicketPDFParams) (api.GetTicketPDFRes, error) {
	printed, err := h.selling.PrintTicket(ctx, caller(ctx), params.TicketId)
	if err != nil {
		return nil, err
	}
	document, err := pdf.Render(printed.Title, []pdf.Page{page(printed)})
	if err != nil {
		return nil, err
	}
	return &api.GetTicketPDFOK{Data: bytes.NewReader(document)}, nil
}

func page(printed app.PrintedTicket) pdf.Page {
	show, t := printed.Performance, printed.Ticket
	area := t.AreaID
	if known := show.Layout.Area(t.AreaID); known != nil && known.Name != "" {
		area = known.Name
	}
	lines := []pdf.Line{{Label: "When", Value: localStart(show.StartsAtLocal, show.TimeZone)}, {Label: "Area", Value: area}}
	if t.Seat != "" {
		lines = append(lines, pdf.Line{Label: "Seat", Value: t.Seat})
	}
	lines = append(lines, pdf.Line{Label: "Price", Value: t.Price.Format()})
	return pdf.Page{Heading: printed.Title, Lines: lines, Code: printed.Code, CodeCaption: t.ID.String()}
}

func localStart(local, zone string) string {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, local); err == nil {
			return fmt.Sprintf("%s (%s)", at.Format("Monday, 2 January 2006, 15:04"), zone)
		}
	}
	return local + " (" + zone + ")"
}
