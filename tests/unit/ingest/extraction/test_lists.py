"""Several duties in one cell: numbered, or paragraph by paragraph; nothing is lost."""

import pytest

from services.ingest.extraction.vocabulary.prose import split_paragraphs

LISTS = [
    ("1.编目录；2.建专栏。3.开放日。", ["1.编目录；", "2.建专栏。", "3.开放日。"]),
    ("1、编目录；2、建专栏", ["1、编目录；", "2、建专栏"]),
    ("（1）甲；（2）乙。", ["（1）甲；", "（2）乙。"]),
    ("(一)甲。(二)乙。", ["(一)甲。", "(二)乙。"]),
    ("①甲；②乙；③丙。", ["①甲；", "②乙；", "③丙。"]),
    ("一是编目录；二是建专栏。", ["一是编目录；", "二是建专栏。"]),
    ("抓好两项工作：一是编目录；二是建专栏。", ["抓好两项工作：一是编目录；", "二是建专栏。"]),
    ("1.做甲：（1）子；（2）丑。2.做乙。", ["1.做甲：（1）子；（2）丑。", "2.做乙。"]),
    ("1.6月底前编目录；2.9月底前公开。", ["1.6月底前编目录；", "2.9月底前公开。"]),
    ("要点：\n1.编目录；\n2.建专栏。", ["要点：1.编目录；", "2.建专栏。"]),
    ("1.编目录\n附上说明\n2.建专栏", ["1.编目录附上说明", "2.建专栏"]),
    ("1.\n编目录\n2.\n建专栏", ["1.编目录", "2.建专栏"]),
    ("甲。\n乙。", ["甲。", "乙。"]),
]


@pytest.mark.parametrize(("cell", "duties"), LISTS)
def test_every_number_begins_a_duty(cell: str, duties: list[str]) -> None:
    assert split_paragraphs(cell, habit=True) == duties


@pytest.mark.parametrize(
    "cell",
    [
        "增长1.5倍。2.建专栏。",
        "加强协作，一是甲，二是乙。",
        "1.只有一项。",
        "3.编目录；4.建专栏。",
        "是否公开，一是否二不。",
        "“双随机、一公开”监管。",
    ],
)
def test_other_numbers_begin_none(cell: str) -> None:
    assert split_paragraphs(cell, habit=True) == [cell]
