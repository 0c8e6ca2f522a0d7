// What the types refuse, compiled and never run: where a line below
// "@ts-expect-error" is taken, compiling fails.
import type { CloudEvent, Events } from "@ticketmesh/contracts/events";
import type { Order, PlaceOrder, paths } from "@ticketmesh/contracts/tickets";

export function seatsOf(order: Order): string[] {
    // @ts-expect-error an order has tickets, not seats
    order.seats;
    // @ts-expect-error a place in a general area has no seat
    const seats: string[] = order.tickets.map((ticket) => ticket.seat);
    return seats;
}

export const order: PlaceOrder = { holdId: "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b", payment: { provider: "test", token: "tok_ok" } };

export const misspelt: PlaceOrder = {
    holdId: "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b",
    payment: { provider: "test", token: "tok_ok" },
    // @ts-expect-error there is no such field
    mail: "ada@example.com",
};

// @ts-expect-error a status that an order never has
export const status: Order["status"] = "paid";

export function previousStart(event: CloudEvent<"ticketmesh.shows.performance.rescheduled.v1" | "ticketmesh.shows.performance.cancelled.v1">): string {
    switch (event.type) {
        case "ticketmesh.shows.performance.rescheduled.v1":
            return event.data.previousStartsAtUtc;
        case "ticketmesh.shows.performance.cancelled.v1":
            // @ts-expect-error only a performance that was moved is sure to have it
            return event.data.previousStartsAtUtc;
    }
}

export function amount(confirmed: Events["ticketmesh.tickets.order.confirmed.v1"]): number {
    // @ts-expect-error money is minor units and a currency, not a number
    confirmed.total + 1;
    return confirmed.total.amount;
}

// @ts-expect-error an event that nobody publishes
export type Unknown = Events["ticketmesh.tickets.order.shipped.v1"];

export type OrderQuery = NonNullable<paths["/tickets/orders"]["get"]["parameters"]["query"]>;
export const newest: OrderQuery = { limit: 1 };

// @ts-expect-error only the orders of a performance are to be had, not those of a show
export const byShow: OrderQuery = { showId: "0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b" };
