"""Files that people write are read whole, and nothing that has no end is taken for one."""

from __future__ import annotations

import pytest

import langchain_awo as awo
from langchain_awo.cli.config import read_config
from langchain_awo.errors import AwoError
from langchain_awo.monitoring.prices import read_prices
from langchain_awo.optimizer.rules.file import read_rules
from langchain_awo.plan_file import read_key, read_plan
from langchain_awo.small_files import read_small_file

READERS = [read_rules, read_prices, read_plan, read_key, awo.load_traces]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/full"])
@pytest.mark.parametrize("read", READERS)
def test_a_device_is_refused_by_name(read, path):
    with pytest.raises(AwoError, match=f"{path}.* device or a socket; name a file"):
        read(path)


@pytest.mark.parametrize("read", READERS)
def test_so_is_a_link_to_one(read, tmp_path):
    link = tmp_path / "link.jsonl"
    link.symlink_to("/dev/zero")
    with pytest.raises(AwoError, match="device or a socket"):
        read(link)


@pytest.mark.parametrize("read", [read_rules, read_prices, read_plan, read_key])
def test_so_is_a_file_that_is_far_too_long(read, tmp_path):
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(AwoError, match="larger than"):
        read(path)


def test_a_configuration_is_bounded_too(tmp_path):
    with (tmp_path / "awo.toml").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(AwoError, match="larger than"):
        read_config(tmp_path)


def test_a_file_of_just_the_limit_is_read(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_small_file(tmp_path / "file", limit=5) == b"12345"
