"""Which recording an event belongs to: the tree of LangChain runs, and when a recording is over.

A root run makes a recording of its own, with these exceptions:

* inside a `Session`, all root runs belong to the session's recording;
* a run whose parent was never seen (the parent is traced by something else) shares a recording with its siblings;
* in a hand-written loop every call is a root run; the calls are joined by the tool call ids they pass on.

Work in the background may begin after the run that started it has ended; it belongs to the recording as long as that is open.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4, uuid5

from langchain_awo.capture.forking import reset_in_child
from langchain_awo.capture.loops import WaitingLoops
from langchain_awo.capture.parts import FORCED, is_long, may_split, split
from langchain_awo.capture.run_metadata import label_of
from langchain_awo.capture.session import Session, get_current_session
from langchain_awo.capture.state import Label, Node, Recording, ToolRun

logger = logging.getLogger(__name__)

MAX_IDLE: Final = 64
"""Recordings without a clear end that are kept waiting for more; the oldest ends when there is one too many."""

MAX_OPEN: Final = 20_000
"""Recordings that are open at once; the oldest ends when there is one too many."""

OPEN_BYTES: Final = 128_000_000
"""Memory that open recordings may take together; beyond it the largest are continued in another part."""

ROOM: Final = 0.75
"""The share of it that they take after that, so that looking for the largest is rare."""

CUT: Final = "awo_cut"
"""Where the metadata of a trace says that its run was still open."""

MAX_LATE: Final = 4096
"""Runs remembered because their recording ended before they did, and of those that ended, because others may begin under them."""


class RunTracker:
    """Keeps the open runs and recordings; its methods are to be called with `lock` held.

    Args:
        finished: receives each recording that is over and not empty; nothing changes it any more.
        defaults: labels of runs that have none of their own.
    """

    def __init__(self, finished: Callable[[Recording], None], *, defaults: Label | None = None) -> None:
        self._finished = finished
        self._defaults = defaults
        self._process: UUID | None = None
        self._begin()
        reset_in_child(self)

    def after_fork(self) -> None:
        """Forgets what runs in the parent: it ends there, and is written there."""
        self._process = uuid4()
        self._begin()

    def _begin(self) -> None:
        self.lock = threading.RLock()
        self._nodes: dict[UUID, Node] = {}
        self._recordings: dict[str, Recording] = {}
        self._idle: dict[str, Recording] = {}
        self._loops = WaitingLoops()
        self._late: OrderedDict[UUID, None] = OrderedDict()
        self._ended: OrderedDict[UUID, _Place] = OrderedDict()
        self._open_bytes = 0
        self._crowded = False

    def start(
        self,
        run_id: UUID,
        parent_id: UUID | None,
        *,
        metadata: Mapping[str, Any],
        tags: Iterable[str],
        now: float,
    ) -> Node | None:
        """The node of a run that starts; `None` when it is known already or came too late."""
        if run_id in self._nodes:
            return None
        if parent_id in self._late:
            self._late[run_id] = None
            return None
        node = self._child_of(parent_id) if parent_id else None
        if node is None:
            recording = self._recording_of_root(run_id, parent_id, label_of(metadata, tags), now)
            node = Node(recording=recording, parent_id=parent_id, is_root=True)
        self._nodes[run_id] = node
        node.recording.open_runs.add(run_id)
        self._idle.pop(node.recording.key, None)
        if node.tool is None and "langgraph_step" in metadata:
            node.recording.in_graph = True
        return node

    def end(self, run_id: UUID, *, now: float) -> Node | None:
        """The node of a run that ends, which is then forgotten; `None` when it is not known."""
        node = self._nodes.pop(run_id, None)
        if node is not None:
            node.recording.open_runs.discard(run_id)
            node.recording.ended_at = now
            self._ended[run_id] = _locate(node)
            _keep_latest(self._ended)
        return node

    def _child_of(self, parent_id: UUID) -> Node | None:
        """A node under a run that is open, or that was open in a recording that still is."""
        parent = self._nodes.get(parent_id)
        if parent is not None:
            return Node(recording=parent.recording, parent_id=parent_id, is_root=False, tool=parent.tool)
        place = self._ended.get(parent_id)
        recording = self._recordings.get(place.key) if place else None
        if place is None or recording is None:
            return None
        is_inside = place.tool is not None and place.part == recording.parts
        tool = recording.tool_runs[place.tool or 0] if is_inside else None
        return Node(recording=recording, parent_id=parent_id, is_root=False, tool=tool)

    def settle(self, node: Node) -> None:
        """Ends the recording of a run that has ended, if that was all of it."""
        recording = node.recording
        self._weigh(recording)
        if not (recording.lasting or recording.in_loop):
            if node.is_root:
                self.finish(recording)
        elif not self._has_open_root(recording):
            self._abandon(recording.open_runs)
            if recording.ending:
                self.finish(recording)
            elif not recording.in_session:
                self._wait(recording)

    def may_join(self, node: Node) -> bool:
        """Whether a run may turn out to be a step of a hand-written loop."""
        return node.recording.is_empty and not (node.recording.in_graph or node.recording.lasting)

    def join_loop(self, node: Node, keys: Iterable[Hashable]) -> None:
        """Moves a new recording into the one that waits for this step, if there is one."""
        fresh, known = node.recording, self._loops.find(keys)
        if known is None or known is fresh:
            return
        for run_id in fresh.open_runs:
            self._nodes[run_id].recording = known
        known.open_runs |= fresh.open_runs
        del self._recordings[fresh.key]
        self._idle.pop(known.key, None)

    def split_if_long(self, node: Node, *, between_calls: bool = False) -> None:
        """Hands the beginning of a long run on: between two calls, or in the middle of them if it takes too long to come to that.

        Args:
            between_calls: whether a tool is about to run, else a model.
        """
        recording = node.recording
        if not is_long(recording):
            return
        nodes = self._open_nodes(recording)
        too_long = is_long(recording, times=2 * FORCED if between_calls else FORCED)
        if too_long or may_split(recording, nodes, between_calls=between_calls):
            self._hand_on(recording, nodes)

    def _open_nodes(self, recording: Recording) -> list[Node]:
        return [self._nodes[run_id] for run_id in recording.open_runs]

    def _hand_on(self, recording: Recording, nodes: list[Node]) -> None:
        self._finished(split(recording, nodes))
        self._weigh(recording)

    def _weigh(self, recording: Recording) -> None:
        """Counts what an open recording takes, and makes room when all of them together take too much."""
        self._open_bytes += recording.size - recording.weighed
        recording.weighed = recording.size
        if self._open_bytes <= OPEN_BYTES:
            return
        self._warn_once()
        for heavy in sorted(self._recordings.values(), key=lambda each: each.size, reverse=True):
            if self._open_bytes <= OPEN_BYTES * ROOM or heavy.is_empty:
                break
            if heavy.key in self._idle:
                self.finish(heavy)
            else:
                self._finished(split(heavy, self._open_nodes(heavy)))
                self._open_bytes += heavy.size - heavy.weighed
                heavy.weighed = heavy.size

    def _warn_once(self) -> None:
        if not self._crowded:
            self._crowded = True
            logger.warning(
                "more than %d runs are open, or take %d bytes: the largest are continued in another part, the oldest are ended",
                MAX_OPEN,
                OPEN_BYTES,
            )

    def caller_of(self, node: Node) -> ToolRun | None:
        """The tool run around a node; also one that passed its own configuration on, which makes the inner run a sibling."""
        if node.tool is not None or node.is_root:
            return node.tool
        nodes = (self._nodes[run_id] for run_id in node.recording.open_runs)
        siblings = [
            other.run
            for other in nodes
            if other.parent_id == node.parent_id and isinstance(other.run, ToolRun) and other is not node
        ]
        return siblings[0] if len(siblings) == 1 else None

    def finish(self, recording: Recording) -> None:
        """Ends a recording; runs of it that are still open stay as they are."""
        if self._recordings.pop(recording.key, None) is None:
            return
        self._idle.pop(recording.key, None)
        self._loops.remove(recording)
        self._abandon(recording.open_runs)
        self._open_bytes -= recording.weighed
        if not recording.is_empty:
            self._finished(recording)

    def finish_idle(self) -> None:
        """Ends the recordings that were waiting for more."""
        with self.lock:
            for recording in list(self._idle.values()):
                self.finish(recording)

    def finish_all(self) -> None:
        """Ends every recording."""
        with self.lock:
            for recording in list(self._recordings.values()):
                self.finish(recording)

    def _recording_of_root(self, run_id: UUID, parent_id: UUID | None, label: Label, now: float) -> Recording:
        session = get_current_session()
        if session is not None and self._is_open(session):
            recording = self._recordings.get(session.trace_id) or self._open(session.trace_id, now)
            recording.label = session.label
            recording.lasting = recording.in_session = True
            _complete(session.label, label)
            self._complete_by_default(session.label)
            return recording
        key = str(parent_id or run_id)
        recording = self._recordings.get(key) or self._open(key, now)
        recording.label = label
        self._complete_by_default(label)
        recording.lasting = parent_id is not None
        return recording

    def _complete_by_default(self, label: Label) -> None:
        if self._defaults is not None:
            _complete(label, self._defaults)

    def _is_open(self, session: Session) -> bool:
        recording = self._recordings.get(session.trace_id)
        return session.when_closed(self._end_session) if recording is None else not recording.ending

    def _open(self, key: str, now: float) -> Recording:
        """A recording for a key; what a child makes of a run that its parent records too is another trace."""
        trace_id = str(uuid5(self._process, key)) if self._process else key
        if len(self._recordings) >= MAX_OPEN:
            self._end_oldest()
        recording = self._recordings[key] = Recording(key=key, trace_id=trace_id, started_at=now)
        return recording

    def _end_oldest(self) -> None:
        """Ends the run that was open longest, which probably nobody will ever tell the end of; its trace says so."""
        self._warn_once()
        oldest = next(iter(self._recordings.values()))
        oldest.label.metadata = {**oldest.label.metadata, CUT: True}
        self.finish(oldest)

    def _end_session(self, session: Session) -> None:
        with self.lock:
            recording = self._recordings.get(session.trace_id)
            if recording is None:
                return
            recording.ending = True
            if not self._has_open_root(recording):
                self.finish(recording)

    def _wait(self, recording: Recording) -> None:
        if recording.in_loop:
            self._loops.add(recording)
        self._idle[recording.key] = recording
        if len(self._idle) > MAX_IDLE:
            self.finish(next(iter(self._idle.values())))

    def _has_open_root(self, recording: Recording) -> bool:
        return any(self._nodes[run_id].is_root for run_id in recording.open_runs)

    def _abandon(self, run_ids: set[UUID]) -> None:
        for run_id in run_ids:
            del self._nodes[run_id]
        self._remember_late(run_ids)
        run_ids.clear()

    def _remember_late(self, run_ids: Iterable[UUID]) -> None:
        self._late.update(dict.fromkeys(run_ids))
        _keep_latest(self._late)


class _Place(NamedTuple):
    """Where a run was that has ended; it keeps nothing of the recording.

    Attributes:
        tool: index of the tool run that it was inside of.
        part: part of the recording in which that is.
    """

    key: str
    tool: int | None
    part: int


def _locate(node: Node) -> _Place:
    recording = node.recording
    return _Place(recording.key, node.tool.order if node.tool else None, recording.parts)


def _keep_latest(runs: OrderedDict[UUID, Any]) -> None:
    """Forgets the oldest; finding the first of a plain dictionary takes longer the more was deleted before it."""
    while len(runs) > MAX_LATE:
        runs.popitem(last=False)


def _complete(label: Label, other: Label) -> None:
    """Fills in what a session does not say and a run inside it does."""
    label.task_id = label.task_id if label.task_id is not None else other.task_id
    label.thread_id = label.thread_id if label.thread_id is not None else other.thread_id
    label.trial = label.trial if label.trial is not None else other.trial
    label.domain = label.domain or other.domain
    label.tags = tuple(dict.fromkeys((*label.tags, *other.tags)))
    label.metadata = {**other.metadata, **label.metadata}
