"""The page in Russian."""

from spheres.inference import arxiv_api
from spheres.web.i18n import Wording

SPLIT = "split the file, or run `python head.py predict`, which has no limit."
_SPLIT = "Разделите файл на части или обработайте его командой `python head.py predict`, у которой нет ограничений."

_FILES = {  # what is wrong with a file
    "{path} could not be read ({reason}): check that you may read it, or give another file.": "Файл {path} не удалось "
    "прочитать: загрузите его ещё раз или возьмите другой.",
    "{path} is damaged ({reason}): fetch it again.": "{path} повреждён: скачайте его заново.",
    "{path} is damaged after {place} ({reason}): fetch it again.": "{path} повреждён: скачайте его заново.",
    "{path} is a damaged Parquet file ({reason}): fetch it again.": "{path} — повреждённый файл Parquet: "
    "скачайте его заново.",
    "{path} is Parquet: run `pip install pyarrow` to read it.": "{path} — файл Parquet, а на сервере не "
    "установлена библиотека для его чтения: пришлите CSV или JSON.",
    "{path} is empty: give a file with at least one article.": "{path} пуст: нужна хотя бы одна статья.",
    "{path} is in no known format: give a JSON list, JSON lines, CSV or TSV with a header, or Parquet, "
    "plain or compressed with gzip or xz.": "Формат файла {path} не распознан: пришлите JSON, JSON lines, CSV или TSV "
    "с заголовком или Parquet; можно сжать gzip или xz.",
    "{path} ({format}) has no column for {missing}; its columns are {columns}: rename the right one.": "В {path} нет "
    "столбца title или abstract; есть столбцы: {columns}. Назовите так столбец с названиями или с аннотациями.",
    "{path} looks like {format}, but holds no records: give a corpus of articles.": "В {path} ({format}) нет ни одной "
    "записи: нужен файл со статьями.",
    "{path} looks like {format}, but none of its {n_records:,} records can be read ({problem}): "
    "give a corpus of articles.": "В {path} ({format}) не читается ни одна запись, всего записей: {n_records}. "
    "Нужен файл со статьями.",
    "{path} holds more than {max_rows:,} rows, the most that is taken here: " + SPLIT: "В {path} больше {max_rows} "
    "строк, и столько здесь не принимается. " + _SPLIT,
    "{path} holds more than {megabytes:g} MB of data (unpacked), the most that is read here: " + SPLIT: "В {path} "
    "больше {megabytes} МБ данных в распакованном виде, и столько здесь не принимается. " + _SPLIT,
    "{path} needs more than {megabytes:.0f} MB of memory to be read, which no table of articles does: "
    + SPLIT: "Чтобы прочитать {path}, нужно больше {megabytes} МБ памяти, чего ни одной таблице статей не требуется. "
    + _SPLIT,
    "{path} takes more than {seconds} seconds to read, which no table of articles does: " + SPLIT: "Чтение {path} "
    "занимает больше {seconds} с, чего ни с одной таблицей статей не бывает. " + _SPLIT,
    "{path} has more than {most:,} columns: give a table of articles.": "В {path} больше {most} столбцов: "
    "нужна таблица со статьями.",
    "{path} unpacks to over {times} times its size, which no corpus does: unpack it yourself and check what it "
    "holds.": "{path} при распаковке вырастает больше чем в {times} раз, такого у корпусов не бывает: распакуйте файл "
    "и проверьте, что внутри.",
    "The file has {n_columns:,} columns, more than the {most:,} that can be kept: take some out, "
    "or run `python head.py predict` with --out FILE.jsonl, which keeps none.": "В файле {n_columns} столбцов, "
    "а сохранить можно не больше {most}: уберите лишние.",
}

_ROWS = {  # what is wrong with a row
    "This row cannot be read ({problem}): correct it in the file.": "Строка не читается ({problem}): исправьте её "
    "в файле.",
    "This row has neither a title nor an abstract: fill in at least one of them.": "В строке нет ни названия, "
    "ни аннотации: заполните хотя бы одно.",
    "The text of this row has {length:,} characters, more than the {most:,} allowed: shorten it.": "В тексте строки "
    "{length} знаков, а допускается не больше {most}: сократите его.",
    "longer than {most:,} characters": "длиннее {most} знаков",
    "not JSON: {reason}": "это не JSON",
    "not readable JSON: {reason}": "такой JSON прочитать нельзя",
    "expected an object {{...}}, found {found}": "нужен объект {{...}}",
    "the list ends without ']': the file was cut short": "список не закончен: файл обрезан",
    "not readable CSV: {reason}": "такую строку таблицы прочитать нельзя",
    "{found:,} columns, expected {expected:,}": "столбцов {found} вместо {expected}",
}

_LOOKUPS = {  # why an article could not be fetched from arXiv
    arxiv_api.UNREACHABLE: "Из этой сети arXiv недоступен: вставьте название и аннотацию.",
    arxiv_api.SLOW: "arXiv не ответил вовремя: попробуйте позже или вставьте название и аннотацию.",
    arxiv_api.BUSY: "Сейчас запрашивается слишком много статей: попробуйте через несколько секунд или вставьте "
    "название и аннотацию.",
    arxiv_api.UNKNOWN: "В arXiv нет статьи {identifier}: проверьте номер или вставьте название и аннотацию.",
    arxiv_api.UNEXPECTED: "Ответ arXiv не похож на статью {identifier}: вставьте название и аннотацию.",
}

TEXTS = Wording(
    code="ru",
    own_name="Русский",
    decimal_point=",",
    thousands="\u202f",
    percent_sign="\u202f%",
    groups={
        "physics": "Физика",
        "math": "Математика",
        "cs": "Информатика",
        "q-bio": "Количественная биология",
        "q-fin": "Количественные финансы",
        "stat": "Статистика",
        "eess": "Электротехника и системы",
        "econ": "Экономика",
    },
    name="Классификатор статей по областям",
    lead="К какой из восьми областей arXiv относится статья",
    lead_rest=": по названию, аннотации или по тому и другому",
    switch="Язык",
    one_article="Одна статья",
    many_articles="Файл со статьями",
    title="Название",
    title_hint="Название, номер arXiv или ссылка",
    abstract="Аннотация",
    abstract_hint="Ctrl+Enter — определить. Одно из полей может быть пустым.",
    classify="Определить",
    clear="Очистить",
    examples="Примеры, написанные для этой страницы",
    example_title="название",
    example_abstract="аннотация",
    answer="Ответ",
    nothing_yet="Вставьте название, аннотацию или и то и другое: ответ появится здесь.",
    most_probable="Самая вероятная область",
    above_line_one="Вероятность области над чертой: {total}.",
    above_line_many="Областей над чертой: {n}, в сумме {total}.",
    unfamiliar_head="Незнакомый текст",
    sphere="Область",
    probability="Вероятность",
    running_total="Сумма",
    left_out_one="Остальные: {total}, областей: 1",
    left_out_many="Остальные: {total}, областей: {n}",
    none_left_out="Показаны все области",
    together="в сумме {total}",
    copy_text="Скопировать текст",
    copy_json="Скопировать JSON",
    copy_link="Скопировать ссылку",
    copy_frame="Скопировать код",
    copied="Скопировано",
    threshold="Порог",
    rule="Что он задаёт",
    rule_names={"coverage": "Как часто показана верная область", "sum": "До какой суммы складывать вероятности"},
    goal={
        "coverage": "Показаны области, среди которых верная оказывается в {n}\u202f% случаев",
        "sum": "Показаны самые вероятные области, пока их вероятности не дадут в сумме {n}\u202f%",
    },
    measured={
        "coverage": "; на статьях, которых модель не видела, — в {covered}\u202f%, в среднем областей: {size}.",
        "sum": "; на статьях, которых модель не видела, верная была среди них в {covered}\u202f% случаев, "
        "в среднем областей: {size}.",
    },
    why="Почему",
    why_ask="Определите область статьи — и здесь будет видно, как на ответ повлияло каждое предложение.",
    why_group="Влияние предложений на область",
    why_intro="Предложения убирались по одному. Число показывает, на сколько процентных пунктов вероятность области "
    "«{group}», сейчас {whole}, с этим предложением выше, чем без него.",
    why_nothing="В тексте одно слово: без него не остаётся ничего, с чем сравнить.",
    why_long="Объясняются тексты длиной до {most} знаков, этот длиннее: вставьте только аннотацию.",
    why_words="В предложении, обведённом рамкой (оно повлияло сильнее всех), так же проверено каждое слово, служебные "
    "— вместе со следующим. Чтобы увидеть число, наведите на слово указатель или перейдите к нему клавишей Tab.",
    why_for="в пользу области «{group}»",
    why_against="против области «{group}»",
    why_without="без этого — {share} ({points} п. п.)",
    near="Похожие",
    near_intro="Самые похожие из {n} статей arXiv, по косинусу угла между векторами текстов.",
    near_wait="Определите область статьи, и здесь появятся десять самых похожих.",
    near_title="Название",
    near_similarity="Сходство",
    near_article="Статья",
    near_categories="Категории",
    near_date="Дата",
    no_cache="На сервере нет векторов статей: создайте их там командой `python embed.py CORPUS --encoder {name}`.",
    map="Карта",
    map_intro="Каждая точка — одна из {n} статей arXiv, цвет — её область; области, у которых много общего, лежат "
    "рядом. Крест — ваша статья, кольца — десять самых похожих.",
    map_this="Эта статья",
    map_alt="Карта всех статей, на которой отмечено место этой",
    share="Ссылка",
    share_intro="Текст хранится в самой ссылке, после знака #, и браузер не отправляет эту часть серверу: "
    "на сервере ничего не сохраняется.",
    share_link="Ссылка на этот ответ",
    share_frame="Код для вставки на другую страницу",
    share_compact="Компактно: только поля, порог и ответ, от 320 × 480 пикселей",
    file="Файл со статьями",
    file_intro="CSV, TSV, JSON lines, Parquet или JSON с Kaggle, со столбцом названий (title), аннотаций (abstract) "
    "или с обоими; можно сжать gzip или xz. Не больше **{rows} строк** и **{megabytes} МБ**. "
    "Все столбцы сохраняются, рядом добавляются области и вероятности. Файл удаляется в течение суток.",
    file_wait="Здесь появятся области статей и файл со всеми ответами.",
    file_upload="CSV, TSV, JSON lines, Parquet или JSON с Kaggle",
    file_classify="Обработать файл",
    file_cancel="Отменить",
    file_counting="Подсчёт строк",
    file_progress="{done} из {rows} строк, {left}",
    file_seconds="осталось {n} с",
    file_minutes="осталось {n} мин",
    file_done="Обработано строк: {answered} из {rows}.",
    file_cancelled="Отменено. Ничего не сохранено.",
    file_download="Скачать",
    file_chart="Самая вероятная область каждой статьи",
    file_articles="Статей",
    file_first="Первые строки",
    file_first_headers=("Строка", "Статья", "Области", "Вероятность", "Примечание"),
    file_problems="Строки без ответа",
    file_more_problems="и ещё {n}; все отмечены в скачиваемом файле",
    file_none="Сначала выберите файл.",
    places={"line": "строка {n}", "record": "запись {n}", "row": "строка {n}"},
    how="Как это работает и чего не умеет",
    how_text="""
Текст проходит через языковую модель **{name}**, веса которой остаются такими, какими их опубликовали. Классификатор,
обученный на **{n_articles}** статьях arXiv, превращает её вывод в вероятности восьми областей arXiv. Статья, поданная
сразу в несколько областей, относится к каждой из них, поэтому ответ из нескольких областей может быть верным.

- Модель обучена только на arXiv. Текст другого рода тоже получит ответ, но с пометкой, что ответ мало что значит.
- Лучше всего она понимает английский. Одно название говорит меньше, чем аннотация; вероятности — оценки, а не гарантии.
- У длинного текста читается только начало; об этом сказано в ответе.
- Ваш текст остаётся на сервере этой страницы и не записывается на его диск. Страница не обращается ни к кому, кроме
  самого arXiv, когда статья задана номером или ссылкой.

Программы обращаются к `/classify`, где порог — сумма вероятностей, и к `/classify_file`; как это делать, показано
внизу страницы по ссылке «Использовать через API».
""",
    gradio_labels={
        "range slider for": "ползунок:",
        "number input for": "число:",
        "More tabs": "Ещё",
        "Click to upload or drop files": "Нажмите или перетащите сюда файл",
        "Clear": "Убрать файл",
        "Gradio footer navigation": "Ссылки Gradio",
    },
    busy="Сервер занят: попробуйте чуть позже.",
    message_texts={
        "This text does not look like the articles the model learned from, so the answer means little: "
        "perhaps it is not a scientific article, or not in English.": "Текст не похож на статьи, по которым обучена "
        "модель, и ответ мало что значит: возможно, это не научная статья или она не на английском языке.",
        "Only the first {read:,} of {whole:,} word pieces ({share:.0%}) were read; the rest did not fit.": "Прочитано "
        "начало текста: {read} из {whole} токенов ({share:.0%}); остальное модель не прочитала.",
        "There is nothing to classify yet: paste a title, an abstract, or both.": "Пока нечего определять: "
        "вставьте название, аннотацию или и то и другое.",
        "The threshold is {found}: give a number above 0 and at most 1, such as 0.95.": "Порог — {found}, а нужно "
        "число больше 0 и не больше 1, например 0.95.",
        "The text has {length:,} characters, more than the {most:,} allowed: paste the abstract only.": "В тексте "
        "{length} знаков, а допускается не больше {most}: вставьте только аннотацию.",
        **_FILES,
        **_ROWS,
        **{message.template: sentence for message, sentence in _LOOKUPS.items()},
    },
)
