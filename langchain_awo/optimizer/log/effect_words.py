"""Words that tell what a tool does, as they occur in names and in the first words of descriptions.

A word is in one list only. Lists are read by people: whoever finds a tool misread adds a word here and a line to
`tests/optimizer/cases/effect_names.tsv`.
"""

from __future__ import annotations

from typing import Final


def _split_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


READ: Final = _split_words(
    """
    get list find search lookup look show read retrieve fetch view describe display count calculate compute estimate
    compare inspect peek preview enumerate explain check think glob grep cat ls stat head tail pwd whoami wc diff du
    mean median average stdev variance sqrt sum min max percentage absolute logarithm factorial subtract multiply divide
    square standard round is has exists translate summarize analyze browse detect
    buscar listar obtener consultar leer mostrar holen suchen lesen anzeigen auflisten chercher lister lire afficher
    obtenir cercare elencare leggere
    """
)
"""Verbs of reading and of pure calculation."""

UNDER_PREFIX: Final = _split_words(
    """
    get list find search lookup retrieve fetch describe read calculate compute estimate query validate verify convert
    buscar listar suchen lesen holen
    """
)
"""Those that are verbs behind other words too: `crm_get_user`; in `page_view_event` and `head_count_limit` there is none."""

UNDER_THING: Final = _split_words("get search find lookup fetch retrieve describe")
"""Those that are verbs even behind a word that may be one: `order_get_status`, but `share_list_with_user`."""

READ_LAST: Final = UNDER_THING | _split_words(
    "list show count buscar listar suchen lesen holen anzeigen auflisten"
)
"""Those that stand at the end in other word orders: `contacts_list`; `page_view` and `mark_read` are no reads."""

READABLE: Final = _split_words(
    """
    issue request file document text sheet data label project page note resource table cell graph
    invoice order customer patient user product calendar account schema config sensor register memory
    """
)
"""Before a last `read`: `issue_read`, but `message_read`."""

NOUN_FIRST: Final = UNDER_PREFIX | _split_words("show view count")
"""Verbs of reading that may follow the thing they read where all of its tools are named so: `mail_send`, `mail_read`."""

FOLLOWED: Final = _split_words("package parcel shipment order delivery flight")
"""What is tracked by looking where it is; an event that is tracked is written down."""

UNITS: Final = _split_words(
    """
    meter meters kilometer kilometers km mile miles foot feet inch inches yard yards gram grams kilogram kilograms kg
    pound pounds ounce ounces liter liters litre litres gallon gallons celsius fahrenheit kelvin joule joules calorie
    calories
    """
)
"""A name of two of them and a `to` between converts: `liter_to_gallon`."""

NO_LIST: Final = _split_words("black white deny grey gray wait short de un re check to")
"""Before a `list` that is a verb of another kind: `black_list_user`."""

VALUE: Final = _split_words(
    """
    count total average mean median balance info information details detail history statistics stats summary weather
    forecast temperature version metrics deviation conversion status availability
    """
)
"""What a name without any verb gives back, as its last word: `total_visits_count`, `order_status`."""

CHECKED: Final = _split_words("validate verify query lint convert")
"""Verbs that read some things and change others: verifying an address is a read, verifying an account is not."""

CHECKABLE: Final = _split_words(
    """
    address promo promotion discount coupon schema format syntax json xml yaml date isbn iban vat zip postcode
    eligibility availability compatibility configuration config currency unit units temperature timezone time inventory
    stock health
    """
)
"""What can be verified or validated without changing it."""

IDEMPOTENT: Final = _split_words("assign put replace upsert toggle adjust resize rename move")

WRITE: Final = _split_words(
    """
    book order file comment commit label message change grant hold refuse seize punish hide unhide relocate rotate
    accept acknowledge ack acquire activate add adopt allocate allow alter amend annotate append apply approve arrange
    associate attach authenticate authorize backfill bid bill bind bookmark borrow bump buy call claim click commission
    complete compose configure confirm connect consume contact copy cp create credit debit decide declare
    decrement define delegate deliver deploy deposit dequeue dispatch dispense download draft duplicate earn edit elevate
    email emit enable encrypt enqueue enroll escalate establish exchange execute exec extend fill finalize finish fix
    follow fork forward freeze fulfill fund generate give grant handle hire ignore import increment ingest init
    initialize initiate inject insert install instantiate invest invite invoke issue join kick launch lend like link
    load lodge log login logout mail make manage map mark mention merge migrate mint mkdir mock modify mount mute mv
    navigate negotiate notify onboard opt override paint pair park patch pause perform persist pick pin place play poke
    poll pop post prepare press print proceed process procure produce promote propose provision publish pull purchase
    push queue raise rate react reassign rebase reboot rebuild receive recharge reconcile record recover redirect refuel
    refresh register regenerate reindex reject release reload remit remap remind renew reopen reorder repair replay reply
    report request reschedule reseat reserve resend resolve respond restart restore resubmit resume retry retweet
    reverse revert review rollout rotate route run save schedule seed select sell send serve share ship sign
    signal simulate skip snooze solicit spawn split spend stage star start steal stop store stream submit subscribe
    subtract suggest supply swap switch sync synchronize tag take tap test text tip toggle touch trade train transact
    transform transition transmit trigger tweet type unassign unblock undo unfollow unfreeze unlink unlock unmute
    unpin unstar update upgrade upload upvote use vote wait warn wire write yield settle disburse echo redeploy
    publicize broadcast crear actualizar enviar guardar modificar erstellen senden speichern aendern aktualisieren
    bestellen buchen creer envoyer modifier enregistrer
    """
) - _split_words("subtract toggle")
"""Verbs that change something; many of them are also things, see `THINGS`."""

DESTRUCTIVE: Final = _split_words(
    """
    abandon abort annihilate archive ban block burn cancel cease charge clean cleanup clear close deactivate
    decommission decline deduct defund delete delist demote deny deprecate deprovision dereference deregister destroy
    detach disable discard disconnect dismiss dispose drain drop dump eject empty erase evict expel expire expunge
    fire flush forget forfeit format halt invalidate kill liquidate nuke obliterate offboard overwrite pay payout
    prune purge quarantine redact redeem refund reimburse remove reset retire revoke rm rmdir rollback scrap scrub shred
    shutdown suspend terminate transfer trash truncate uninstall unpublish unregister unsubscribe vacate void wipe
    withdraw zap eliminar borrar cancelar quitar loeschen entfernen stornieren supprimer annuler effacer eliminare
    """
)

THINGS: Final = _split_words(
    """
    bill bookmark call claim comment commission commit contact copy credit debit deposit draft email exchange
    file follow fork fund handle issue label like link load log login mail map mark mention message mock order park
    patch pick pin place play poll post print process produce pull purchase push queue rate record release
    reply report request review route run schedule select share ship sign signal split stage star
    stop store stream swap switch tag take tap test text tip trade train tweet type use vote wire book block charge
    drop dump format fire refund transfer pay close archive reset ban scrap trash void flush
    """
)
"""Words that are verbs in one name and things in another: `order_pizza`, `get_order`."""

GRAVE: Final = _split_words(
    """
    refund transfer charge pay payout withdrawal cash money block ban close archive reset drop dump fire lock
    unlock approval consent confirmation signature access lease update input takeover closure cancellation removal
    deletion reversal termination deactivation activation creation rid release format wire deposit credit debit sale
    trade vote stop swap switch set permission clearance ownership feedback quote commission redemption
    """
)
"""What a reading verb may be trusted with in the plural or before another thing only: `list_refunds`,
`get_refund_status`; `get_refund` may be asking for one."""

MILD: Final = _split_words("pay refund reimburse charge close archive redeem transfer deduct")
"""Destructive as the name of a tool; in the description of a tool whose name is that of a plain write they only say how it
writes: `issue_refund` pays money back, `update_ticket_status` closes a ticket."""

ACTS_ON: Final = {
    "list": _split_words("item property nft asset token car house listing share"),
    "show": _split_words("message alert notification popup dialog ad banner toast modal prompt warning"),
    "display": _split_words("message alert notification popup dialog ad banner toast modal prompt warning"),
    "read": _split_words("mark"),
    "check": _split_words("in box todo item task checkbox mark"),
    "book": _split_words(
        "flight flights hotel table room appointment trip car cab taxi ticket tickets seat ride slot"
    ),
    "order": _split_words("pizza food meal ride taxi groceries supplies product products"),
    "schedule": _split_words("meeting call appointment interview delivery pickup visit"),
    "post": _split_words("message tweet comment update payment transaction job"),
    "file": _split_words("complaint claim report return tax taxes ticket dispute"),
    "record": _split_words("payment sale expense transaction vote"),
    "issue": _split_words("refund card certificate credit invoice token"),
    "place": _split_words("order bid bet trade"),
    "share": _split_words("file folder document screen location"),
    "open": _split_words("door doors gate valve account position"),
    "report": _split_words("user abuse fraud spam"),
}
"""Objects that make another verb of a word: `get_order_status`, but `check_order_pizza`; `list_items`, but `list_item`."""

ALONE: Final = _split_words(
    "book ship print share play wire join like follow place pick push pull pin sign load call use take"
)
"""Things only where the verb of reading stands directly before them: `get_book`, but `find_flight_book`."""

OBTAIN: Final = _split_words("list get fetch retrieve read obtener obtenir holen calculate compute")
"""Verbs that also mean to make or to be given: `get_refund`, but `find_refund`."""

PARTICLES: Final = _split_words("out off away down rid over through next")
"""Words after which a verb of reading may mean something else: `check_out`, `get_rid`, `count_down`, `get_next_job`."""

JOINTS: Final = _split_words("and or then plus before after und oder et ou")
"""What follows is a second action: `scan_and_quarantine`."""

OPEN_ENDED: Final = _split_words(
    """
    sql eval exec execute curl wget graphql cypher sparql bash shell http https subprocess repl terminal powershell cmd
    python javascript js interpreter sandbox proxy webhook
    """
)
"""The argument decides what such a tool does, whatever else its name says."""

OPEN_OBJECTS: Final = _split_words("url uri link webpage website html query")
"""With any verb of reading the argument decides what is reached."""

FETCHED: Final = OPEN_OBJECTS | _split_words(
    "page web site content api endpoint data database db table code script command"
)
"""With `fetch` and `query` the argument decides what is reached."""

CURRENT: Final = _split_words("all my current recent latest last active any")
"""Before a grave word they make a thing of it: `get_latest_release`."""

HEADING: Final = _split_words("from for to of with on in")
"""A word before one of these is what is asked for: `get_approval_from_manager`."""
