"""Names and descriptions as a person would write them: a verb and an object, and first of all what comes back.

before::

    1  find_customer(email=$email)  2  list_orders(customer_id=#1/id)  3  get_shipment(order_id=#2/orders/*/id)

after::

    get_customer_orders_and_shipments(email)
        Returns a customer with orders and shipments, looked up by email. It only reads data.
        If you only need the customer, call find_customer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from langchain_awo.model.ir.binding import Parameter, list_leaves
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.log.fillers import Fillers, find_fillers
from langchain_awo.optimizer.log.signatures import infer_argument_schema
from langchain_awo.optimizer.selection.descriptions import describe
from langchain_awo.optimizer.selection.parameters import with_telling_parameters
from langchain_awo.optimizer.selection.titles import propose_names


def name_all(meta_tools: Iterable[MetaTool], corpus: Corpus) -> list[MetaTool]:
    """The same meta-tools with names, descriptions and parameter schemas; names differ from each other and all tools.

    Where two would have one name, both say what tells them apart.
    """
    named: dict[str, MetaTool] = {}
    meant = find_fillers(corpus)
    telling = [*map(with_telling_parameters, meta_tools)]
    shared = Counter(map(derive_base_name, telling))
    for meta_tool in telling:
        is_shared = shared[derive_base_name(meta_tool)] > 1
        name = next(
            name
            for name in islice(propose_names(meta_tool), is_shared, None)
            if name not in named and name not in corpus.specs
        )
        described = replace(
            meta_tool, name=name, parameters=tuple(_complete_parameters(meta_tool, corpus, meant))
        )
        named[name] = replace(described, description=describe(described))
    return list(named.values())


def derive_base_name(meta_tool: MetaTool) -> str:
    """The name without what tells it from others of that name."""
    return next(propose_names(meta_tool))


def _complete_parameters(meta_tool: MetaTool, corpus: Corpus, meant: Fillers) -> Iterable[ParameterSpec]:
    for spec in meta_tool.parameters:
        schema = _find_schema(meta_tool, spec.name, corpus) or spec.schema
        values = () if spec.required else _collect_meant(meta_tool, spec.name, meant)
        yield replace(spec, schema=schema, meant=values)


def _collect_meant(meta_tool: MetaTool, parameter: str, meant: Fillers) -> tuple[JSONValue, ...]:
    values = {
        text: value
        for place in _find_arguments(meta_tool, parameter)
        for text, value in meant.get(place, {}).items()
    }
    return tuple(values[text] for text in sorted(values))


def _find_arguments(meta_tool: MetaTool, parameter: str) -> Iterator[tuple[str, str]]:
    """The arguments that a parameter goes to, with their tools."""
    for step in meta_tool.steps:
        for argument, binding in step.args.items():
            if any(leaf == Parameter(name=parameter) for leaf in list_leaves(binding)):
                yield step.tool, argument


def _find_schema(meta_tool: MetaTool, parameter: str, corpus: Corpus) -> dict[str, JSONValue]:
    """The schema that the first tool to take the parameter has for it."""
    first = next(_find_arguments(meta_tool, parameter), None)
    return infer_argument_schema(corpus, *first) if first else {}
