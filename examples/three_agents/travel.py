"""Travel booking: travellers, their trips and hotels. Which hotel is booked is the agent's choice, and stays it."""

import random
from typing import Any

from desk import Database, make_tool, mix_tasks, understand
from langchain_core.tools import BaseTool

from langchain_awo.demo.agent.policy import Assignment
from langchain_awo.demo.agent.wants import (
    AgentView,
    Each,
    ItemPlace,
    OutputPlace,
    OwnWords,
    Recipe,
    RequestValue,
    Want,
)
from langchain_awo.demo.backoffice.tasks import Task

PHRASES = {
    "next": "Where does {email} go next, and where do they stay?",
    "book": "Book the best rated hotel for the next trip of {email}.",
    "trips": "List all trips of {email} with the weather there.",
}
CITIES = ("Porto", "Ghent", "Turin", "Graz", "Lund", "Cork", "Metz", "Split")
READS = ("find_traveler", "list_trips", "get_trip", "search_hotels", "get_weather")
TRAVELERS = 60


class Agency:
    """The systems of a travel agency, the same in every one."""

    def __init__(self) -> None:
        self._database = Database(
            "create table travelers (traveler_id, email, name);"
            "create table trips (trip_id, traveler_id, city, day, hotel_id);"
            "create table hotels (hotel_id, city, name, stars, price);"
            "create table weather (city, outlook);"
        )
        self._seed(random.Random(8))

    def tools(self) -> list[BaseTool]:
        """What the agent is given."""
        ask, one = self._database.ask, self._database.one

        def find_traveler(email: str) -> dict[str, Any]:
            """The traveller with an e-mail address."""
            return one(f"traveller {email}", "select * from travelers where email = ?", email)

        def list_trips(traveler_id: str) -> dict[str, Any]:
            """The trips of a traveller, the next one first."""
            known = "select trip_id, city, day from trips where traveler_id = ? order by day"
            return {"trips": ask(known, traveler_id)}

        def get_trip(trip_id: str) -> dict[str, Any]:
            """A trip, with the hotel if one is booked."""
            known = (
                "select trips.*, name as hotel from trips left join hotels using (hotel_id) where trip_id = ?"
            )
            return one(f"trip {trip_id}", known, trip_id)

        def search_hotels(city: str) -> dict[str, Any]:
            """The hotels of a city."""
            return {"hotels": ask("select * from hotels where city = ? order by price", city)}

        def get_weather(city: str) -> str:
            """The weather in a city."""
            return str(one(f"city {city}", "select outlook from weather where city = ?", city)["outlook"])

        def book_hotel(trip_id: str, hotel_id: str) -> dict[str, Any]:
            """Book a hotel for a trip."""
            ask("update trips set hotel_id = ? where trip_id = ?", hotel_id, trip_id)
            return {"trip_id": trip_id, "hotel_id": hotel_id, "status": "booked"}

        functions = (find_traveler, list_trips, get_trip, search_hotels, get_weather, book_hotel)
        return [make_tool(function) for function in functions]

    def rows(self) -> dict[str, list[Any]]:
        """What is booked."""
        return self._database.rows("trips")

    def achieved(self, task: Task, answer: str) -> bool:
        """Whether the best hotel is booked, or the answer names the city."""
        kind, said = understand(PHRASES, task.instruction)
        trip = self._database.ask(
            "select * from trips join travelers using (traveler_id) where email = ? order by day",
            said["email"],
        )[0]
        if kind != "book":
            return trip["city"] in answer
        best = "select hotel_id from hotels where city = ? order by stars desc, price limit 1"
        return bool(trip["hotel_id"] == self._database.ask(best, trip["city"])[0]["hotel_id"])

    def close(self) -> None:
        """Ends it."""
        self._database.close()

    def _seed(self, chance: random.Random) -> None:
        ask = self._database.ask
        for number, city in enumerate(CITIES):
            ask("insert into weather values (?, ?)", city, chance.choice(("sunny", "rain", "fog", "windy")))
            for hotel in range(4):
                row = (f"{city} Inn {hotel}", chance.randrange(2, 6), chance.randrange(60, 240))
                ask("insert into hotels values (?, ?, ?, ?, ?)", f"H-{10 * number + hotel}", city, *row)
        for number in range(TRAVELERS):
            traveler = f"T-{400 + number}"
            ask("insert into travelers values (?, ?, ?)", traveler, _email(number), f"Traveller {number}")
            for trip, day in enumerate(sorted(chance.sample(range(1, 300), chance.randrange(1, 4)))):
                row = (traveler, chance.choice(CITIES), f"day {day:03}", None)
                ask("insert into trips values (?, ?, ?, ?, ?)", f"R-{1000 + 10 * number + trip}", *row)


def generate_tasks(count: int) -> list[Task]:
    """Distinct tasks in a mixed order."""
    requests = [(kind, {"email": _email(number)}) for number in range(TRAVELERS) for kind in PHRASES]
    return mix_tasks(PHRASES, requests, count, seed=9)


def plan_for(instruction: str) -> Assignment:
    """The calls a task takes."""
    kind, said = understand(PHRASES, instruction)
    return Assignment({"next": _next, "book": _book, "trips": _trips}[kind](), said)


_TRAVELER = Want("find_traveler", {"email": RequestValue("email")})
_TRIPS = Want("list_trips", {"traveler_id": OutputPlace("find_traveler", "/traveler_id")})
_TRIP = Want("get_trip", {"trip_id": OutputPlace("list_trips", "/trips/0/trip_id")})


def _next() -> Recipe:
    def answer(reader: AgentView) -> str:
        city, hotel = (reader.found("get_trip", path) for path in ("/city", "/hotel"))
        return f"{city}, {hotel or 'nothing is booked'}"

    return Recipe(answer, (_TRAVELER, _TRIPS, _TRIP))


def _book() -> Recipe:
    hotels = Want("search_hotels", {"city": OutputPlace("get_trip", "/city")})
    book = Want(
        "book_hotel", {"trip_id": OutputPlace("get_trip", "/trip_id"), "hotel_id": OwnWords(_best_hotel)}
    )
    return Recipe(lambda _: "Booked.", (_TRAVELER, _TRIPS, _TRIP, hotels, book))


def _trips() -> Recipe:
    every = Each(OutputPlace("list_trips", "/trips/*"))
    weather = Want("get_weather", {"city": ItemPlace("/city")}, each=every)
    return Recipe(lambda reader: str(reader.found("list_trips", "/trips")), (_TRAVELER, _TRIPS, weather))


def _best_hotel(reader: AgentView) -> Any:
    best = min(reader.found("search_hotels", "/hotels"), key=lambda each: (-each["stars"], each["price"]))
    return best["hotel_id"]


def _email(number: int) -> str:
    return f"traveller{number}@example.org"
