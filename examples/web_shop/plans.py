"""What customers want of the shop, and what it takes in a browser."""

import hashlib
import random
import re

from shop import COLOURS, THINGS

from langchain_awo.demo.agent.policy import Assignment
from langchain_awo.demo.agent.wants import AgentView, ConstantValue, OutputPlace, Recipe, Want
from langchain_awo.demo.backoffice.tasks import Task

PHRASES = {
    "review": "Review the {colour} {thing}: {rating} stars, title '{title}', text '{text}'.",
    "order": "Order {quantity} of the {colour} {thing} for {name}, {street}, {city}.",
    "price": "What does the {colour} {thing} cost?",
}
TITLES = ("Just right", "Not for me", "Good value", "Broke soon", "Bought again", "A fine present")
TEXTS = ("We use it every day.", "It looks better than it is.", "Sturdy and plain.", "It came too late.")
NAMES = ("Ada Brandt", "Bela Novak", "Cleo Martin", "Dario Rossi", "Edda Vik", "Femi Okoro", "Gita Rao")
STREETS = ("Mill Lane", "Station Road", "Harbour Street", "Garden Row", "Castle Hill")
CITIES = ("Bergen", "Porto", "Ghent", "Turku", "Lucca")


def understand(instruction: str) -> tuple[str, dict[str, str]]:
    """The kind of a task and what is said in it."""
    for kind, phrase in PHRASES.items():
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(phrase))
        if found := re.fullmatch(pattern, instruction):
            return kind, found.groupdict()
    raise ValueError(f"nobody asks for {instruction!r}")


def generate_tasks(count: int, *, seed: int = 3) -> list[Task]:
    """Tasks of all kinds in turn, the same for the same seed."""
    chance = random.Random(seed)
    kinds = ("review", "order", "review", "order", "price")
    return [_task(number, kinds[number % len(kinds)], chance) for number in range(count)]


def _task(number: int, kind: str, chance: random.Random) -> Task:
    said = {
        "colour": chance.choice(COLOURS),
        "thing": chance.choice(THINGS),
        "rating": chance.randrange(1, 6),
        "title": chance.choice(TITLES),
        "text": chance.choice(TEXTS),
        "quantity": chance.randrange(2, 9),
        "name": chance.choice(NAMES),
        "street": f"{chance.randrange(11, 99)} {chance.choice(STREETS)}",
        "city": chance.choice(CITIES),
    }
    return Task(task_id=f"task-{number:03}", family=kind, instruction=PHRASES[kind].format(**said))


class Steps:
    """A plan in the making; elements are named on the page that is open then."""

    def __init__(self) -> None:
        self.wants: list[Want] = [Want("open_shop", {}, name="page 0")]
        self.page = "page 0"

    def act(self, tool: str, group: str, name: str, **args: str) -> None:
        """Uses an element; what buttons, links and the enter key lead to is the page then."""
        here = f"page {len(self.wants)}"
        element = {"id": OutputPlace(self.page, f"/{group}/{name}/id")}
        said = {key: ConstantValue(value) for key, value in args.items()}
        self.wants.append(Want(tool, {**element, **said}, name=here))
        if tool in ("click", "press_enter"):
            self.page = here

    def look_around(self) -> None:
        """Scrolls down, as some do."""
        self.wants.append(Want("scroll", {"direction": ConstantValue("down")}, optional=True))


def plan_for(instruction: str) -> Assignment:
    """What a task takes. Habits differ from task to task: some press enter to search, some scroll first."""
    kind, said = understand(instruction)
    habit = hashlib.sha256(instruction.encode()).digest()
    steps = Steps()
    steps.act("type_text", "fields", "Search", text=said["thing"])
    if habit[0] % 5 == 0:
        steps.act("press_enter", "fields", "Search")
    else:
        steps.act("click", "buttons", "Search")
    if habit[1] % 4 == 0:
        steps.look_around()
    steps.act("click", "links", f"{said['colour']} {said['thing']}")
    product = steps.page
    if kind == "review":
        _review(steps, said)
    elif kind == "order":
        _order(steps, said)

    def answer(reader: AgentView) -> str:
        return _price(reader.found(product, "/text")) if kind == "price" else "Done."

    return Assignment(Recipe(answer, tuple(steps.wants)), said)


def _review(steps: Steps, said: dict[str, str]) -> None:
    steps.act("click", "buttons", "Write a review")
    steps.act("fill", "fields", "Rating", value=said["rating"])
    steps.act("fill", "fields", "Title", value=said["title"])
    steps.act("fill", "fields", "Review", value=said["text"])
    steps.act("click", "buttons", "Submit review")


def _order(steps: Steps, said: dict[str, str]) -> None:
    steps.act("fill", "fields", "Quantity", value=said["quantity"])
    steps.act("click", "buttons", "Add to cart")
    steps.act("click", "buttons", "Checkout")
    for field in ("Name", "Street", "City"):
        steps.act("fill", "fields", field, value=said[field.lower()])
    steps.act("click", "buttons", "Place order")


def _price(text: str) -> str:
    price = re.search(r"Price: ([\d.]+)", text)
    return price[1] if price else "I cannot see the price."
