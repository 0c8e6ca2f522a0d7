import type { CloudEvent } from "@ticketmesh/contracts/events";
import type { Order, Problem } from "@ticketmesh/contracts/tickets";

export async function getOrder(orderId: string, token: string): Promise<Order> {
    const response = await fetch(`/tickets/orders/${orderId}`, { headers: { Authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Error(((await response.json()) as Problem).code);
    return (await response.json()) as Order;
}

export function describe(event: CloudEvent): string {
    if (event.type === "ticketmesh.tickets.order.confirmed.v1") return `${event.data.code}: ${event.data.tickets.length} tickets`;
    return `${event.type} of ${event.subject} at ${event.time}`;
}
