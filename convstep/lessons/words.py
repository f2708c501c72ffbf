"""What lessons say by themselves, in English and Chinese: one table, the same keys in both."""

from __future__ import annotations

import locale
import os
import re
from collections.abc import Mapping

LANGUAGES = ("en", "zh")
"""The languages of the course, by their codes."""

_EN = {
    # what a question asks, unless the lesson says it in its own words
    "ask.cells": "Which cells of {tensor} will the next step change? Mark them.",
    "ask.cells.untouched": "Which cells of {tensor} are touched by no window? Mark them.",
    "ask.cells.padding": "Which cells of {tensor} are cut off at the end? Mark them.",
    "ask.cells.these": "Which cells are meant? Mark them.",
    "ask.value.after": "What will {cell} be after the next step?",
    "ask.value.now": "What is the value of {cell}?",
    "ask.step": "Which step added to {cell}? Type its index {indices}.",
    "ask.step.first": "Which step is the first to add to {cell}? Type its index {indices}.",
    "ask.step.last": "Which step is the last to add to {cell}? Type its index {indices}.",
    "ask.shape": "What is the shape of {name}?",
    "ask.line": "Which line is wrong?",
    "ask.choice": "Which is right?",
    # how to answer
    "how.cells": "arrows move, space marks, b marks the block from the last mark, Enter when done",
    "how.cells.short": "arrows move, space marks, b marks blocks, Enter submits",
    "how.value": "type a number or a sum like 2*3 - 1, then Enter",
    "how.step": "type an index like {example}, then Enter",
    "how.shape": "type a shape like {example}, then Enter",
    "how.line": "arrows or its number choose the line, Enter when sure",
    "how.choice": "arrows or a digit choose, Enter when sure",
    # what is wrong with what was typed
    "not.number": "{text} is not a number; type one like -1.5, or a sum like 2*3 - 1",
    "not.step": "{text} is not a step; type an index like {example}",
    "not.shape": "{text} is not a shape; type one like {example}",
    "not.line": "{text} is not a line number; the code has lines 1 to {last}",
    "not.choice": "{text} is not one of the choices 1 to {last}",
    "not.cells": "mark at least one cell first: space marks the cell under the cursor",
    "line.empty": "line {line} is empty: choose another one, or type on",
    "answer": "Answer",
    # after an answer
    "right": "Right.",
    "wrong": "Not yet.",
    "wrong.cells": "Not yet: {hit} of {total} cells found, {extra} marked that do not belong.",
    "wrong.value.unchanged": "Not yet: {text} is what the cell holds before the step.",
    "wrong.value.added": "Not yet: {text} is what the step adds; the cell held something already.",
    "wrong.value.sign": "Not yet: look at the signs.",
    "wrong.shape.axis": "Not yet: that has 1 axis; {name} has {count}.",
    "wrong.shape.axes": "Not yet: that has {found} axes; {name} has {count}.",
    "wrong.shape.axis.asked": "Not yet: that has 1 axis; the answer has {count}.",
    "wrong.shape.axes.asked": "Not yet: that has {found} axes; the answer has {count}.",
    "wrong.shape.other": "Not yet: {shape} is the shape of {other}.",
    "wrong.shape.order": "Not yet: the sizes are right, but their order is not.",
    "wrong.shape.size": "Not yet: 1 of the {count} sizes is right.",
    "wrong.shape.sizes": "Not yet: {hit} of the {count} sizes are right.",
    "wrong.line": "Not yet: line {line} is right.",
    "given": "The answer is {answer}.",
    "given.cells": "The cells are marked.",
    # explanations from the numbers
    "why.window": "Step {place}: its window begins at row {i_h}*{s_h} = {row} "
    "and column {i_w}*{s_w} = {column} and takes {taps}.",
    "why.taps": "{f_h}x{f_w} cells",
    "why.taps.dilated": "{f_h}x{f_w} cells, {d_h} rows and {d_w} columns apart",
    "why.filter": "Step {place} belongs to filter i_c = {i_c}: it adds to every cell of {tensor}[{i_c}] "
    "and to no other filter.",
    "why.bias": "Step {place} belongs to filter i_c = {i_c}, so db[{i_c}] gets the step's dz.",
    "why.untouched": "Windows begin {s_h} rows and {s_w} columns apart, and there are "
    "{h_out}x{w_out} of them: the last one ends at row {bottom}, column {right}. "
    "What lies beyond, or in a gap, gets nothing: its gradient is exactly 0.",
    "why.padding": "The padding is {top} above, {bottom} below, {left} at the left, {right} at the right. "
    "Those zeros are no input, so their gradient is cut off.",
    "why.sum": "{cell} = {sum}",
    "why.plus": "{cell} = old value + {factors} = {sum}",
    "why.not.touched": "The step does not touch {cell}, so it keeps its value {value}.",
    "why.plain": "{cell} = {value}",
    "why.none": "No step adds to {cell}: it stays exactly 0.",
    "why.not.yet": "No step has added to {cell} yet: it is exactly 0.",
    "why.steps": "Steps that add to {cell}, {count} in all: {places}",
    "comma": ", ",
    "why.more": "{terms} … ({count} terms)",
    "why.shape": "{name} is {shape}.",
    "why.shape.gradient": "A gradient has the shape of what it is the gradient of: "
    "{name} and {of} are both {shape}.",
    "why.shape.output": "(size + padding - reach) // stride + 1: "
    "({h} + {p_h} - {r_h}) // {s_h} + 1 = {h_out} rows, "
    "({w} + {p_w} - {r_w}) // {s_w} + 1 = {w_out} columns, and {c_out} filters.",
    "why.line": "Line {line} must be:",
    # the screen
    "score": "{points} of {most} points",
    "hint": "Hint {number}: ",
    "and": "{first} {second}",
    "key.answer": "answer",
    "key.on": "go on",
    "key.back": "back",
    "key.hint": "hint, -{cost} points",
    "key.solution": "show the answer",
    "key.return": "back to the lesson's place",
    "key.return.keys": "back to the lesson",
    "key.open.comparison": "compare with PyTorch",
    "key.open.why": "which steps made the cell",
    "key.submit": "submit",
    "key.leave": "leave",
    "answer.of": "{title}: the answer",
    "no.hint": "there is no further hint",
    "no.question": "there is no question on this page",
    "answered": "the question on this page is answered already",
    "shown": "the answer is shown already",
    "first.page": "this is the first page",
    "here": "this is the page's own step already",
    "finished": "The end",
    "finished.score": "You have {points} of {most} points: {right} of {count} questions right.",
    "finished.no.questions": "This lesson has no questions.",
    "finished.next": "Enter goes on to: {title}",
    "finished.last": "That was the last one. q leaves.",
    "diagnosis.hidden": "the diagnosis is shown once the line is found",
    "loading": "the code is being tried …",
    "saved": "nothing to save: how far you are in a lesson is kept by itself",
    "changed": "the lesson was edited; this is how it is now",
    "broken": "the lesson was edited and cannot be read:",
    "gone": "the lesson's file is gone; what you see is how it was",
    "menu.title": "Learn backward by doing it",
    "menu.lessons": "Lessons",
    "menu.hunts": "Bug hunts: a wrong backward each; find the line",
    "menu.pages": "{pages} pages, {questions} questions",
    "menu.done": "done",
    "menu.begun": "page {page} of {pages}",
}

_ZH = {
    "ask.cells": "下一步会改变 {tensor} 的哪些格子？请标出来。",
    "ask.cells.untouched": "{tensor} 的哪些格子没有被任何窗口碰到？请标出来。",
    "ask.cells.padding": "{tensor} 的哪些格子最后会被裁掉？请标出来。",
    "ask.cells.these": "是哪些格子？请标出来。",
    "ask.value.after": "下一步之后，{cell} 等于多少？",
    "ask.value.now": "{cell} 的值是多少？",
    "ask.step": "哪一步往 {cell} 里加过东西？请输入它的下标 {indices}。",
    "ask.step.first": "最先往 {cell} 里加东西的是哪一步？请输入它的下标 {indices}。",
    "ask.step.last": "最后往 {cell} 里加东西的是哪一步？请输入它的下标 {indices}。",
    "ask.shape": "{name} 的形状是什么？",
    "ask.line": "哪一行写错了？",
    "ask.choice": "哪个说法对？",
    "how.cells": "方向键移动，空格标记，b 标记从上一个标记到光标的整块，回车提交",
    "how.cells.short": "方向键移动，空格标记，b 标记整块，回车提交",
    "how.value": "输入一个数或算式，如 2*3 - 1，再按回车",
    "how.step": "输入下标，如 {example}，再按回车",
    "how.shape": "输入形状，如 {example}，再按回车",
    "how.line": "方向键或行号选行，回车确定",
    "how.choice": "方向键或数字选择，回车确定",
    "not.number": "{text} 不是数；请输入 -1.5 这样的数，或 2*3 - 1 这样的算式",
    "not.step": "{text} 不是一步；请输入 {example} 这样的下标",
    "not.shape": "{text} 不是形状；请输入 {example} 这样的形状",
    "not.line": "{text} 不是行号；代码有第 1 到 {last} 行",
    "not.choice": "{text} 不在选项 1 到 {last} 之中",
    "not.cells": "请先至少标一个格子：空格标记光标下的格子",
    "line.empty": "第 {line} 行是空行：请另选一行，或接着输入行号",
    "answer": "回答",
    "right": "对。",
    "wrong": "还不对。",
    "wrong.cells": "还不对：{total} 个格子找到了 {hit} 个，多标了 {extra} 个。",
    "wrong.value.unchanged": "还不对：{text} 是这一步之前格子里的值。",
    "wrong.value.added": "还不对：{text} 是这一步加上的量；格子里原来就有东西。",
    "wrong.value.sign": "还不对：注意正负号。",
    "wrong.shape.axis": "还不对：这里只有 1 个轴，而 {name} 有 {count} 个轴。",
    "wrong.shape.axes": "还不对：这里有 {found} 个轴，而 {name} 有 {count} 个轴。",
    "wrong.shape.axis.asked": "还不对：这里只有 1 个轴，而答案有 {count} 个轴。",
    "wrong.shape.axes.asked": "还不对：这里有 {found} 个轴，而答案有 {count} 个轴。",
    "wrong.shape.other": "还不对：{shape} 是 {other} 的形状。",
    "wrong.shape.order": "还不对：数都对，但顺序不对。",
    "wrong.shape.size": "还不对：{count} 个数里对了 1 个。",
    "wrong.shape.sizes": "还不对：{count} 个数里对了 {hit} 个。",
    "wrong.line": "还不对：第 {line} 行没有问题。",
    "given": "答案是 {answer}。",
    "given.cells": "答案已经标在格子上。",
    "why.window": "步 {place}：窗口从第 {i_h}*{s_h} = {row} 行、第 {i_w}*{s_w} = {column} 列开始，"
    "取 {taps}。",
    "why.taps": "{f_h}x{f_w} 个格子",
    "why.taps.dilated": "{f_h}x{f_w} 个格子，行间隔 {d_h}，列间隔 {d_w}",
    "why.filter": "步 {place} 属于第 i_c = {i_c} 个卷积核：它给 {tensor}[{i_c}] 的每个格子都加，"
    "别的卷积核一个也不碰。",
    "why.bias": "步 {place} 属于第 i_c = {i_c} 个卷积核，所以 db[{i_c}] 加上这一步的 dz。",
    "why.untouched": "窗口的起点每次移动 {s_h} 行、{s_w} 列，一共 {h_out}x{w_out} 个："
    "最后一个到第 {bottom} 行、第 {right} 列为止。在它之外或落在缝里的格子什么也得不到："
    "梯度正好是 0。",
    "why.padding": "填充：上 {top} 行，下 {bottom} 行，左 {left} 列，右 {right} 列。"
    "那些零不是输入，所以它们的梯度要裁掉。",
    "why.sum": "{cell} = {sum}",
    "why.plus": "{cell} = 之前的值 + {factors} = {sum}",
    "why.not.touched": "这一步没有碰到 {cell}，它的值还是 {value}。",
    "why.plain": "{cell} = {value}",
    "why.none": "没有哪一步往 {cell} 里加东西：它一直正好是 0。",
    "why.not.yet": "到这里还没有哪一步往 {cell} 里加过东西：它正好是 0。",
    "why.steps": "往 {cell} 里加东西的步，一共 {count} 步：{places}",
    "comma": "、",
    "why.more": "{terms} …（共 {count} 项）",
    "why.shape": "{name} 是 {shape}。",
    "why.shape.gradient": "梯度的形状就是被求导的量的形状：{name} 和 {of} 都是 {shape}。",
    "why.shape.output": "(尺寸 + 填充 - 跨度) // 步幅 + 1：({h} + {p_h} - {r_h}) // {s_h} + 1 = {h_out} 行，"
    "({w} + {p_w} - {r_w}) // {s_w} + 1 = {w_out} 列，再加上 {c_out} 个卷积核。",
    "why.line": "第 {line} 行应该是：",
    "score": "{points} 分，满分 {most}",
    "hint": "提示 {number}：",
    "and": "{first}{second}",
    "key.answer": "回答",
    "key.on": "继续",
    "key.back": "返回",
    "key.hint": "提示，扣 {cost} 分",
    "key.solution": "看答案",
    "key.return": "回到课程的位置",
    "key.return.keys": "回到课程",
    "key.open.comparison": "与 PyTorch 比较",
    "key.open.why": "哪些步造出了这个格子",
    "key.submit": "提交",
    "key.leave": "先不答",
    "answer.of": "{title}：答案",
    "no.hint": "没有更多提示了",
    "no.question": "这一页没有问题",
    "answered": "这一页的问题已经答对了",
    "shown": "答案已经显示了",
    "first.page": "这是第一页",
    "here": "这里已经是本页的那一步",
    "finished": "完",
    "finished.score": "你得了 {points} 分，满分 {most} 分：{count} 个问题答对了 {right} 个。",
    "finished.no.questions": "这一课没有问题。",
    "finished.next": "按回车继续：{title}",
    "finished.last": "这是最后一个。按 q 离开。",
    "diagnosis.hidden": "找到那一行之后才显示诊断",
    "loading": "正在试运行这段代码……",
    "saved": "不用保存：学到哪里会自动记下来",
    "changed": "课程文件改过了；现在是新的样子",
    "broken": "课程文件改过了，但读不了：",
    "gone": "课程文件不见了；现在看到的是它原来的样子",
    "menu.title": "动手学反向传播",
    "menu.lessons": "课程",
    "menu.hunts": "抓虫：每关一份写错的反向传播，找出那一行",
    "menu.pages": "{pages} 页，{questions} 个问题",
    "menu.done": "已完成",
    "menu.begun": "第 {page} 页，共 {pages} 页",
}
WORDS: Mapping[str, Mapping[str, str]] = {"en": _EN, "zh": _ZH}
"""By language and key; both languages have the same keys and the same places to fill in."""


def say(language: str, key: str, **values: object) -> str:
    """A sentence in a language.

    Args:
        language: one of `LANGUAGES`.
        key: which sentence.
        values: what to fill in.
    """
    return WORDS[language][key].format(**values)


def escaped(text: str) -> str:
    """A text whose signs mean themselves where Markdown is read."""
    return re.sub(r"[\\`*<\[&]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)


def default_language() -> str:
    """The language of this computer's settings, English unless they say Chinese."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if found := os.environ.get(name, ""):
            return "zh" if found.lower().startswith("zh") else "en"
    found = locale.getlocale()[0] or ""  # Windows says "Chinese (Simplified)_China"
    return "zh" if found.lower().startswith(("zh", "chinese")) else "en"
