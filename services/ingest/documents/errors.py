"""Why a file could not be read: a closed set of codes, each with advice for the user."""

from enum import StrEnum, unique
from typing import Final


@unique
class DocumentFault(StrEnum):
    """The stable codes of refused files, used by the API, the logs and the metrics."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    TOO_MANY_ROWS = "too-many-rows"
    OLD_FORMAT = "old-format"
    UNSUPPORTED = "unsupported-format"
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    HOSTILE = "hostile-content"
    SCANNED = "scanned-image"
    ENCODING = "unknown-encoding"
    NOT_A_PLAN = "not-a-plan"
    EMBEDDED = "embedded-document"
    MACROS = "macros"
    EMBEDDED_FILE = "embedded-file"
    BOMB = "bomb"


ADVICE: Final[dict[DocumentFault, str]] = {
    DocumentFault.EMPTY: (
        "文件是空的，请检查后重新导入。"
        "The file is empty. Check that it was saved and copied completely, then import it again."
    ),
    DocumentFault.TOO_LARGE: (
        "文件过大，请只保留任务表后重新导入。"
        "The file is too large for a task table. Remove pictures and attachments, keep the table "
        "alone, and import it again."
    ),
    DocumentFault.TOO_MANY_ROWS: (
        "表格行数过多，请只保留一份任务表。"
        "The table has more rows or cells than a year's plan can have. Keep the rows of one "
        "plan, delete empty formatted rows, and import it again."
    ),
    DocumentFault.OLD_FORMAT: (
        "旧版文档，请另存为 .docx 或 .xlsx 后导入。"
        "This is an old Word, Excel or WPS file. Open it in Word, Excel or WPS, save it as .docx "
        "or .xlsx, and import that."
    ),
    DocumentFault.UNSUPPORTED: (
        "不支持的文件类型，请另存为 .docx、.xlsx、.html、.csv、.pdf 或 .txt。"
        "This kind of file is not read. Save it as .docx, .xlsx, .html, .csv, .pdf or .txt, and "
        "import that."
    ),
    DocumentFault.ENCRYPTED: (
        "文件已加密，请取消密码后重新导入。"
        "The file is protected by a password. Remove the password, save the file, and import it "
        "again."
    ),
    DocumentFault.BROKEN: (
        "文件已损坏，请重新保存后导入。"
        "The file is damaged. Open it in the program that made it, save it anew, and import that."
    ),
    DocumentFault.HOSTILE: (
        "文件含有异常的 XML 声明，请重新保存后导入。"
        "The file holds XML declarations that office programs never write, so it was not opened. "
        "Save it anew from Word, Excel or WPS."
    ),
    DocumentFault.SCANNED: (
        "文件是扫描图片，请索取原件或先做文字识别。"
        "The pages hold pictures, not text. Ask the sender for the original, or run text "
        "recognition first."
    ),
    DocumentFault.ENCODING: (
        "无法识别文字编码，请另存为 UTF-8。"
        "The text is in an unknown encoding. Save it as UTF-8 and import it again."
    ),
    DocumentFault.NOT_A_PLAN: (
        "未找到任务表，请检查表头。"
        "No task table was found. The table needs a header row that names its columns, such as "
        "序号, 任务名称, 具体内容, 责任单位, 完成时限."
    ),
    DocumentFault.EMBEDDED: (
        "此 Word 文件只是包着一个网页或另一份文档，请用 Word 打开并另存为 .docx 后导入。"
        "The Word file only wraps a web page or another document, which Word unpacks when it "
        "opens the file. Open it in Word, save it as .docx, and import that."
    ),
    DocumentFault.MACROS: (
        "文件含有宏，不能上传。请另存为不含宏的 .docx 或 .xlsx，或导出为 PDF 后上传。"
        "The file contains macros. Save it as .docx or .xlsx without macros, or as PDF, and upload "
        "that."
    ),
    DocumentFault.EMBEDDED_FILE: (
        "文件中嵌入了其他文件，不能上传。请删去嵌入的文件并单独上传，或导出为 PDF 后上传。"
        "The file contains another file as an object. Remove that and upload it by itself, or save "
        "the document as PDF, and upload that."
    ),
    DocumentFault.BOMB: (
        "文件解压后过大或层数、部件过多，不能上传。请另存为新文件，或导出为 PDF 后上传。"
        "The file unpacks to far more than an office file holds. Save it anew, or as PDF, and "
        "upload that."
    ),
}


class DocumentError(Exception):
    """A file that cannot be read as a plan.

    `code` is stable; `message` advises the user what to do, in Chinese and English. `detail`
    gives a fact such as the size and the limit; it never quotes the document.
    """

    def __init__(self, code: DocumentFault, detail: str = "") -> None:
        """Build the message from the code's advice and the detail."""
        self.code = code
        self.detail = detail
        self.message = f"{ADVICE[code]} ({detail})" if detail else ADVICE[code]
        super().__init__(self.message)
