package rest

import (
	"context"

	api "ticketmesh.dev/contracts/ticketsapi"
	kit "ticketmesh.dev/platform/api"
	"ticketmesh.dev/platform/id"
	"ticketmesh.dev/platform/idempotency"
	"ticketmesh.dev/platform/money"

	"ticketmesh.dev/services/tickets/internal/app"
	"ticketmesh.dev/services/tickets/internal/hold"
	"ticketmesh.dev/services/tickets/internal/inventory"
	"ticketmesh.dev/services/tickets/internal/order"
	"ticketmesh.dev/services/tickets/internal/payment"
	"ticketmesh.dev/services/tickets/internal/pricing"
	"ticketmesh.dev/services/tickets/internal/seatmap"
	"ticketmesh.dev/services/tickets/internal/ticket"
)

// GetSeats implements api.Handler.
func (h *handler) GetSeats(ctx context.Context, params api.GetSeatsParams) (api.GetSeatsRes, error) {
	seats, err := h.selling.Seats(ctx, params.PerformanceId)
	if err != nil {
		return nil, err
	}
	answer := &api.Seats{PerformanceID: seats.Performance.ID}
	for _, area := range seats.Performance.Layout.Areas() {
		if area.Kind == seatmap.Seated {
			answer.Areas = append(answer.Areas, seatedArea(seats, area))
			continue
		}
		answer.Areas = append(answer.Areas, generalArea(seats, area))
	}
	return answer, nil
}

func seatedArea(seats app.Seats, area *seatmap.AreaLayout) api.AreaSeats {
	states := make(api.AreaSeatsSeats, area.Places())
	for number := range area.Partitions() {
		partition := seats.Partition(area, number)
		held := partition.Held(seats.At) | partition.Kept
		for slot, seat := range area.PartitionSeats(number) {
			bit := inventory.Slots(1) << slot
			switch {
			case seat.Gone:
			case partition.Sold&bit != 0:
				states[seat.ID] = api.SeatStatusSold
			case held&bit != 0:
				states[seat.ID] = api.SeatStatusHeld
			default:
				states[seat.ID] = api.SeatStatusAvailable
			}
		}
	}
	return api.AreaSeats{AreaID: area.ID, Kind: api.AreaSeatsKindSeated, Seats: api.NewOptAreaSeatsSeats(states)}
}

func generalArea(seats app.Seats, area *seatmap.AreaLayout) api.AreaSeats {
	var held, sold int
	for number := range area.Partitions() {
		partition := seats.Partition(area, number)
		held += (partition.Held(seats.At) | partition.Kept&^partition.Sold).Count()
		sold += partition.Sold.Count()
	}
	return api.AreaSeats{
		AreaID: area.ID, Kind: api.AreaSeatsKindGeneral, Capacity: api.NewOptInt(area.Places()),
		Available: api.NewOptInt(area.Places() - held - sold), Held: api.NewOptInt(held), Sold: api.NewOptInt(sold),
	}
}

// PlaceHold implements api.Handler.
func (h *handler) PlaceHold(ctx context.Context, req *api.PlaceHold, _ api.PlaceHoldParams) (api.PlaceHoldRes, error) {
	request := app.HoldRequest{
		HoldID: idempotency.ResourceID(ctx), Repeatable: idempotency.Claimed(ctx), PerformanceID: req.PerformanceID,
		Channel: req.Channel.Value, PresaleCode: req.PresaleCode.Value,
	}
	for _, item := range req.Items {
		wanted := app.HoldRequestItem{
			AreaID: item.AreaID, Seats: item.Seats, Quantity: item.Quantity.Value, BestAvailable: item.BestAvailable.Value,
			Wheelchair: item.Wheelchair.Value, Split: item.Split.Value,
		}
		for _, choice := range item.Concessions {
			wanted.Concessions = append(wanted.Concessions, app.ConcessionChoice{ID: choice.ID, Quantity: choice.Quantity})
		}
		request.Items = append(request.Items, wanted)
	}
	placed, err := h.selling.PlaceHold(ctx, caller(ctx), request)
	if err != nil {
		return nil, err
	}
	return holdAnswer(placed), nil
}

// GetHold implements api.Handler.
func (h *handler) GetHold(ctx context.Context, params api.GetHoldParams) (api.GetHoldRes, error) {
	found, err := h.selling.Hold(ctx, caller(ctx), params.HoldId)
	if err != nil {
		return nil, err
	}
	return holdAnswer(found), nil
}

// ExtendHold implements api.Handler.
func (h *handler) ExtendHold(ctx context.Context, params api.ExtendHoldParams) (api.ExtendHoldRes, error) {
	extended, err := h.selling.ExtendHold(ctx, caller(ctx), params.HoldId)
	if err != nil {
		return nil, err
	}
	return holdAnswer(extended), nil
}

// ReleaseHold implements api.Handler.
func (h *handler) ReleaseHold(ctx context.Context, params api.ReleaseHoldParams) (api.ReleaseHoldRes, error) {
	if err := h.selling.ReleaseHold(ctx, caller(ctx), params.HoldId); err != nil {
		return nil, err
	}
	return &api.ReleaseHoldNoContent{}, nil
}

func holdAnswer(h hold.Hold) *api.Hold {
	answer := &api.Hold{
		HoldID: h.ID, PerformanceID: h.PerformanceID, ExpiresAt: h.ExpiresAt, Total: amount(h.Total), Items: make([]api.HoldItem, len(h.Items)),
		Fees: feesAnswer(h.Extras.Fees), Tax: taxAnswer(h.Extras.Tax), Channel: optional(h.Sale.Channel), PresaleID: optional(h.Sale.PresaleID),
	}
	for i, item := range h.Items {
		answer.Items[i] = api.HoldItem{
			AreaID: item.AreaID, Seats: item.Seats, UnitPrice: amount(item.UnitPrice), Tier: optional(item.Tier), Concession: optional(item.Concession),
		}
		if len(item.Seats) == 0 {
			answer.Items[i].Quantity = api.NewOptInt(item.Quantity())
		}
	}
	return answer
}

// PlaceOrder implements api.Handler.
func (h *handler) PlaceOrder(ctx context.Context, req *api.PlaceOrder, _ api.PlaceOrderParams) (api.PlaceOrderRes, error) {
	who := caller(ctx)
	if given, ok := req.Email.Get(); ok {
		if err := isAddress(given); err != nil {
			return nil, err
		}
	}
	if err := reachable(who, req.Email.Or(who.Email)); err != nil {
		return nil, err
	}
	placed, tickets, err := h.selling.PlaceOrder(ctx, who, app.OrderRequest{
		OrderID: idempotency.ResourceID(ctx), Repeatable: idempotency.Claimed(ctx), HoldID: req.HoldID, Provider: string(req.Payment.Provider), Token: req.Payment.Token,
		Email: req.Email.Value, Language: req.Language.Value,
	})
	if err != nil {
		return nil, err
	}
	answer := orderAnswer(who, placed, tickets)
	if placed.AwaitsPayment() {
		return (*api.PlaceOrderAccepted)(answer), nil
	}
	return (*api.PlaceOrderCreated)(answer), nil
}

// GetOrder implements api.Handler.
func (h *handler) GetOrder(ctx context.Context, params api.GetOrderParams) (api.GetOrderRes, error) {
	who := caller(ctx)
	found, tickets, err := h.selling.Order(ctx, who, params.OrderId)
	if err != nil {
		return nil, err
	}
	refunds, err := h.selling.Refunds(ctx, found.ID)
	if err != nil {
		return nil, err
	}
	answer := orderAnswer(who, found, tickets)
	for _, refund := range refunds {
		answer.Refunds = append(answer.Refunds, api.OrderRefund{
			RefundID: refund.ID, Amount: amount(refund.Amount), Status: refundStatuses[refund.Status], Reason: refund.Reason,
			TicketIDs: refund.TicketIDs, Reference: optional(refund.Reference), CreatedAt: refund.CreatedAt,
		})
	}
	return answer, nil
}

// ListOrders implements api.Handler.
func (h *handler) ListOrders(ctx context.Context, params api.ListOrdersParams) (api.ListOrdersRes, error) {
	limit := params.Limit.Or(20)
	page := app.Page{Limit: limit + 1} // one more tells whether there is a next page
	if cursor, given := params.Cursor.Get(); given {
		after, err := kit.DecodeCursor[id.ID](cursor)
		if err != nil {
			return nil, err
		}
		page.After = after
	}
	var (
		who    = caller(ctx)
		listed []app.OrderWithTickets
		err    error
	)
	if performanceID, given := params.PerformanceId.Get(); given {
		listed, err = h.selling.OrdersOf(ctx, who, performanceID, page)
	} else {
		listed, err = h.selling.Orders(ctx, who, page)
	}
	if err != nil {
		return nil, err
	}
	answer := &api.OrderList{Items: []api.Order{}}
	if len(listed) > limit {
		listed = listed[:limit]
		next, err := kit.EncodeCursor(listed[limit-1].Order.ID)
		if err != nil {
			return nil, err
		}
		answer.NextCursor = api.NewOptString(next)
	}
	for _, found := range listed {
		answer.Items = append(answer.Items, *orderAnswer(who, found.Order, found.Tickets))
	}
	return answer, nil
}

// CancelOrder implements api.Handler.
func (h *handler) CancelOrder(ctx context.Context, params api.CancelOrderParams) (api.CancelOrderRes, error) {
	who := caller(ctx)
	cancelled, tickets, err := h.selling.CancelOrder(ctx, who, params.OrderId)
	if err != nil {
		return nil, err
	}
	return orderAnswer(who, cancelled, tickets), nil
}

// RefundOrder implements api.Handler.
func (h *handler) RefundOrder(ctx context.Context, req *api.PlaceRefund, params api.RefundOrderParams) (api.RefundOrderRes, error) {
	refund, refunded, err := h.selling.RefundOrder(ctx, caller(ctx), app.RefundRequest{
		RefundID: idempotency.ResourceID(ctx), OrderID: params.OrderId, TicketIDs: req.TicketIDs, Reason: req.Reason,
	})
	if err != nil {
		return nil, err
	}
	answer := &api.Refund{
		RefundID: refund.ID, OrderID: refund.OrderID, Amount: amount(refund.Amount), TicketIDs: refund.TicketIDs,
		Status: api.RefundStatusPending, OrderStatus: api.OrderStatus(refunded.Status),
	}
	if refund.Status == payment.RefundDone {
		answer.Status = api.RefundStatusSucceeded
	}
	return answer, nil
}

var refundStatuses = map[payment.RefundStatus]api.OrderRefundStatus{
	payment.RefundPending: api.OrderRefundStatusPending,
	payment.RefundDone:    api.OrderRefundStatusSucceeded,
	payment.RefundFailed:  api.OrderRefundStatusFailed,
}

func orderAnswer(who app.Caller, o order.Order, tickets []ticket.Ticket) *api.Order {
	answer := &api.Order{
		OrderID: o.ID, Code: o.Code, Status: api.OrderStatus(o.Status), Total: amount(o.Total), PerformanceID: o.PerformanceID,
		Version: o.Version, CreatedAt: o.CreatedAt, Tickets: make([]api.OrderTicket, len(tickets)),
		Payment: api.NewOptOrderPayment(paymentAnswer(who, o)), Fees: feesAnswer(o.Extras.Fees), Tax: taxAnswer(o.Extras.Tax),
	}
	if !o.Refunded.IsZero() {
		answer.Refunded = api.NewOptMoney(amount(o.Refunded))
	}
	for i, t := range tickets {
		answer.Tickets[i] = api.OrderTicket{
			TicketID: t.ID, AreaID: t.AreaID, Seat: optional(t.Seat), Status: api.TicketStatus(t.Status), Price: api.NewOptMoney(amount(t.Price)),
			Tier: optional(t.Tier), Concession: optional(t.Concession),
		}
	}
	return answer
}

// paymentAnswer says how far a payment is. What the buyer's client finishes it
// with is for the buyer alone.
func paymentAnswer(who app.Caller, o order.Order) api.OrderPayment {
	answer := api.OrderPayment{Provider: o.Payment.Provider, Status: api.OrderPaymentStatus(o.Payment.Status), Reason: optional(o.Payment.Reason)}
	if o.Payment.ClientSecret == "" {
		return answer
	}
	answer.Status = api.OrderPaymentStatusRequiresAction
	if who.CustomerID == o.CustomerID {
		answer.ClientSecret = optional(o.Payment.ClientSecret)
	}
	return answer
}

func feesAnswer(charged []pricing.ChargedFee) []api.ChargedFee {
	var fees []api.ChargedFee
	for _, fee := range charged {
		fees = append(fees, api.ChargedFee{ID: fee.ID, Name: fee.Name, Amount: amount(fee.Amount)})
	}
	return fees
}

func taxAnswer(charged pricing.ChargedTax) api.OptChargedTax {
	if charged == (pricing.ChargedTax{}) {
		return api.OptChargedTax{}
	}
	return api.NewOptChargedTax(api.ChargedTax{
		Name: charged.Name, Percent: charged.Percent.String(), Included: charged.Included, Amount: amount(charged.Amount),
	})
}

func amount(m money.Money) api.Money { return api.Money{Amount: m.Amount, Currency: m.Currency} }

func optional(text string) api.OptString { return api.OptString{Value: text, Set: text != ""} }
