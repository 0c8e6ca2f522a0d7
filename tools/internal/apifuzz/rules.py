"""What the API documents cannot say in a schema.

A request that keeps to its schema may still be refused: for one of RULES, and for
nothing else.
"""

import itertools
import re

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

# Operations, and what refuses them: the code of a problem, or for invalid_request
# the field and what is said of it. All are regular expressions.
RULES = [
    # Only a list knows the cursors that it gave.
    (r"list\w+|search", r"cursor: is not a cursor that this list gave"),
    # Which version there is, which code a house signed, which seats, plans, price
    # categories and limits a performance has, and what a ticket or a card is worth
    # is known to the service alone.
    (r"(update|replace|put|delete)\w+", r"version_conflict"),
    (r"deletePage", r"If-Match: needs a lang, .*"),
    (r"checkIn", r"invalid_code"),
    (r"checkIn|transferTicket|getTicket(QR|PDF)", r"ticket_void"),
    (r"placeHold", r"unknown_(seat|concession|channel)|invalid_presale_code|limit_exceeded"),
    (r"placeHold", r"items\[\d+\]\.\w+: is for (general|seated) areas; .*"),
    # A schema cannot add up, and how many prices there are the service knows.
    (r"placeHold", r"items\[\d+\]\.(concessions|wheelchair): (are|is) for more places than (the item has|bestAvailable)|items: come at more than .*"),
    (r"placeOrder", r"payment_declined"),
    # Which providers there are is configured.
    (r"placeOrder", r"payment\.provider: is not one that money is collected by here"),
    # What a PUT makes is refused in words; a pattern of its path would be a 404.
    (r"putSubscription", r"name: must be a lower-case letter .*"),
    # Event types are in another document; and a text is "now" or an instant.
    (r"putSubscription", r"types\[\d+\]: is no event type of asyncapi.yaml|from: must be \"now\" or an RFC 3339 time"),
    (r"joinWaitlist", r"unknown_price_category"),
    (r"schedule(Performance|Series)|updatePerformance", r"unknown_seat_plan"),
    # Clocks, countries and currencies have databases, and an instant has a zone.
    (r".*", r"timeZone: must be (an IANA time zone name|a time zone of the IANA database, .*)"),
    (r".*Venue", r"country: must be an ISO 3166-1 alpha-2 code"),
    (r"schedule\w+|updatePerformance", r".*\.price\.currency: .* is not a currency of ISO 4217"),
    (r"listShows", r"(from|to): must be a time as of RFC 3339, or a date"),
    (r"(re)?schedule\w+|updatePerformance", r"\w+(\[\d+\])?: must be a date and time without offset, like .*"),
    (r"(re)?schedule\w+|updatePerformance", r"(.*\.)?sales(Open|Close)At: must be (in the years .*|before salesCloseAt)"),
    (r"(re)?schedule\w+|updatePerformance", r"invalid_local_time"),
    # A rule of RFC 5545 has a grammar, and its exceptions must be dates of it.
    (r"scheduleSeries", r"rrule: .*|except\[\d+\]: is not a date of the rule"),
    # The prices of a performance are about each other.
    (r"schedule\w+|updatePerformance", r".*\.currency: must be .*, in which the performance sells"),
    (r"schedule\w+|updatePerformance", r".*\.until: must be (in the years .*|after the tier before.*)"),
    (r"schedule\w+|updatePerformance", r".*(tiers|concessions|fees)\[\d+\]\.id: .* is there twice"),
    # The parts of a seat map are about each other.
    (r"prepareSeatMap", r"areas: cannot be laid out: .*"),
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*(areas|priceCategories)\[\d+\]\.id: .* is there twice"),
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*\.priceCategory: .* is not a price category of this seat map"),
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*\.capacity: (belongs to a general area only|must be from .* in a general area)"),
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*\.rows: (belong to a seated area only|must have .* entries in a seated area)"),
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*\.row: (must be .* printable characters without spaces around|.* is there twice in this area)"),
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*\.seats: .* is not a (seat: it takes .*|range of numbers)"),
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*\.(aisleAfter|wheelchair|companion|outOfSale)\[\d+\]: .* is not a seat of this row"),
    # Allocations are of places that are there, and of nobody else.
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*allocations\[\d+\]\.(id: .* is there twice|areaId: .* is not an area of this seat map)"),
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*allocations\[\d+\]\.quantity: (belongs to a general area only|must be from 1 to what the area has .*)"),
    (r"schedule\w+|updatePerformance|(create|replace)SeatPlan", r".*allocations\[\d+\]\.rows\[\d+\]\.(row: .* is not a row of the area|seats: .* is not a seat that is for sale .*)"),
    # Channels and presales have times, and presales are beside others.
    (r"schedule\w+|updatePerformance", r"channels\[\d+\]\.(id: .* is there twice|sales(Open|Close)At: must be (in the years .*|before salesCloseAt))"),
    (r"putPresale", r"(opens|closes)At: must be (given|in the years .*|before closesAt)|presaleId: must (not be blank|not be more than .*)"),
    (r"putPresale", r"uses: .* cannot be changed.*|priceCategories\[\d+\]: .* is not a price category of the performance"),
    (r"putPresale", r"codes(\[\d+\])?: (must not be more than .* in all presales .*|is a code of presale .*)|name: must not be blank"),
    (r"importSeatPlan", r"document\..*"),
    # Addresses have grammars too large for a pattern.
    (r"signUp", r"email: must be an e-mail address"),
    (r"(create|replace)Artist", r"links\[\d+\]\.url: must be an absolute http or https URL without credentials"),
    # Unicode has more spaces and more characters to refuse than a pattern can name.
    (r"(create|update)\w+|schedule\w+|replace\w+|putPage", r".*: must not be blank"),
    (r"(create|replace|put)(Venue|Artist|Page|Asset)", r".*: must not hold control characters"),
    # A dictionary of schemathesis.toml may give the same value twice.
    (r"refundOrder", r"ticketIds: must not hold the same item twice"),
]


def stated(operation, refusal):
    return any(re.fullmatch(o, operation) and re.fullmatch(r, refusal, re.DOTALL) for o, r in RULES)


def refusals(response):
    problem = response.json()
    if problem["code"] == "invalid_request":
        return [f"{error['field']}: {error['message']}" for error in problem["errors"]]
    return [problem["code"]]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops what is no finding."""
    operation = case.operation.definition.raw["operationId"]
    if isinstance(failure, UnsupportedMethodResponse):
        # The embedded mode takes uploads where it serves them; on AWS S3 does.
        return not (operation == "getAsset" and case.method == "PUT")
    if isinstance(failure, RejectedPositiveData):
        # Some requests are called valid although a part of them was made invalid.
        if any(part.mode.is_negative for part in case.meta.components.values()):
            return False
        return not all(stated(operation, refusal) for refusal in refusals(response))
    return True


keys = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes each Idempotency-Key that is in order a new one. Most requests would
    else end at a key that came with another body before, which tests elsewhere do."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        case.headers["Idempotency-Key"] = f"{key[:240]}-{next(keys)}"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Takes the default answers away. They stand for what nobody expects, and with
    them every status would be in the document."""
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.get("responses", {}).pop("default", None)
