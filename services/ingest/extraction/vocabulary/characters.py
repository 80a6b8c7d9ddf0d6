"""Characters that structure a text: numerals, list numbers, brackets, separators. Pure.

A name for characters (`OPENING`, `CLAUSE_ENDS`) is the inside of a character class, `[{NAME}]`.
The other names are patterns. Texts from `fold_text` hold the half-width forms only; a set has
both forms, so that it fits printed and folded texts.
"""

import re
from typing import Final

HAN: Final = "\u4e00-\u9fff"
"""Chinese characters: the block CJK Unified Ideographs of Unicode."""
ONES: Final = "一二三四五六七八九"
"""Chinese numerals from one to nine."""
NUMERALS: Final = ONES + "十"
"""Chinese numerals that count and number; 百 and above number nothing in a plan."""
YEAR_DIGITS: Final = "〇零○" + ONES
"""Digits of a year in Chinese; ○ is the circle that stands for 〇 in many documents."""
CIRCLED: Final = "①-⑳"
"""Circled numbers (Unicode 2460 to 2473)."""
BULLETS: Final = "●■◆★•·▪–—-"
"""Signs before an item without a number; `-` is last, so that it is no range."""

ROUND_OPENING: Final = "（("
"""Opening brackets of list numbers and of remarks inside a name."""
ROUND_CLOSING: Final = "）)"
"""Their closing brackets."""
SQUARE_OPENING: Final = r"〔【\["
"""Opening brackets of file numbers, remarks and marks."""
OPENING: Final = ROUND_OPENING + SQUARE_OPENING
"""All opening brackets (GB/T 15834-2011, 4.9)."""
CLOSING: Final = ROUND_CLOSING + r"〕】\]"
"""Their closing brackets, in the same order."""
BRACKETS: Final = dict(zip(OPENING.replace("\\", ""), CLOSING.replace("\\", ""), strict=True))
"""The closing bracket of each opening one."""

SENTENCE_ENDS: Final = "。；;！!？?…"
"""Signs that close a sentence or a duty (GB/T 15834-2011, 4.1 to 4.3 and 4.6)."""
CLAUSE_ENDS: Final = "。；;"
"""Signs that close a clause about one duty."""
CLAUSE_EDGES: Final = "。；;，,"
"""Signs between clauses."""
LIST_SEPARATORS: Final = "、，,；;"
"""Signs between the items of a list."""
SEPARATORS: Final = LIST_SEPARATORS + "。"
"""Signs between items and between clauses."""
COLONS: Final = "：:"
"""Signs after a label."""
STARS: Final = "*＊★▲"
"""Signs that mark lead units; a note explains them."""

LIST_NUMERAL: Final = f"[{NUMERALS}]{{1,3}}"
"""A Chinese numeral below one hundred."""
CHAPTERS: Final = "章节篇部类"
"""What a numbered chapter is called: 第一章, 第二部分."""
ARTICLES: Final = "条项"
"""What a numbered item is called: 第三条, 第四项."""
NUMBER_POINTS: Final = ".．、"
"""Signs after a list number without brackets."""
LIST_NUMBER: Final = (
    rf"(?:[{ROUND_OPENING}]?(?:\d{{1,3}}|{LIST_NUMERAL})[{ROUND_CLOSING}{NUMBER_POINTS}]"
    rf"|[{CIRCLED}])"
)
"""The number of a list item: 一、（一）1.（1）① (GB/T 9704-2012, 7.3.3)."""
BLANK_CELL: Final = re.compile(r"[-—–―─－﹣_/／\\|｜、.．·…*＊~～\s]*(?:无|暂无|空|None)?")
"""A cell without content: blanks, dashes, 无."""
