"""Words that mean something, by language. Another language joins by a `Language` of its own in `LANGUAGES`.

Words are written as people type them; `names.bare` makes one form of them. What is an ordinary word more often than
what it abbreviates ('sun', 'sat', 'mar' alone) is left out.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    days: dict[str, int]  # word → days from today
    weekdays: tuple[tuple[str, ...], ...]  # from Monday
    months: tuple[tuple[str, ...], ...]  # from January
    month_first: bool  # whether people also write March 12
    unit: dict[str, int]  # one of it → days: 'week ago'
    units: dict[str, int]  # several → days: '2 weeks ago'
    ago: tuple[str, ...]
    last: tuple[str, ...]
    future: tuple[str, ...]  # before a weekday or after a number of days: not yet
    before_days: tuple[str, ...]  # words that lead to a date and say nothing else
    not_days: tuple[str, ...]  # words after which a weekday is part of a name
    ordinals: tuple[str, ...]  # endings of 12th
    years: tuple[str, ...]  # after a year
    thousands: dict[str, int]  # endings of 5k, glued to the number
    multipliers: dict[str, int]  # words after a number
    currencies: dict[str, tuple[str, ...]]  # words after a number
    ordinary: tuple[str, ...]  # codes and signs that are words too
    for_whom: tuple[str, ...]  # before a colon
    payee: tuple[str, ...]  # before a colon
    everybody: tuple[str, ...]
    me: tuple[str, ...]
    moving: tuple[str, ...]  # verbs and nouns of transfers
    earning: tuple[str, ...]  # words of incomes
    inside: tuple[str, ...]  # before a currency: 12.50 in usd
    periods: tuple[str, ...]  # after 'last' and 'next': no single day
    day_after: tuple[str, ...]  # before the day of a month: on the 12th
    day_before: tuple[str, ...]  # after it: 12 числа


ENGLISH = Language(
    days={"today": 0, "yesterday": -1, "tomorrow": 1, "day before yesterday": -2, "day after tomorrow": 2},
    weekdays=(
        ("monday", "mon"),
        ("tuesday", "tue", "tues"),
        ("wednesday",),
        ("thursday", "thu", "thurs"),
        ("friday", "fri"),
        ("saturday",),
        ("sunday",),
    ),
    months=(
        ("january", "jan"),
        ("february", "feb"),
        ("march", "mar"),
        ("april", "apr"),
        ("may",),
        ("june", "jun"),
        ("july", "jul"),
        ("august", "aug"),
        ("september", "sep", "sept"),
        ("october", "oct"),
        ("november", "nov"),
        ("december", "dec"),
    ),
    month_first=True,
    unit={"day": 1, "week": 7},
    units={"days": 1, "weeks": 7},
    ago=("ago",),
    last=("last",),
    future=("next", "coming"),
    before_days=("on", "of", "from", "the", "a"),
    not_days=("black", "good", "easter", "cyber", "casual"),
    ordinals=("st", "nd", "rd", "th"),
    years=(),
    thousands={"k": 1000},
    multipliers={"thousand": 1000, "million": 10**6, "lakh": 10**5, "lakhs": 10**5, "lac": 10**5, "crore": 10**7},
    currencies={
        "dollar": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD"),
        "dollars": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD"),
        "bucks": ("USD", "CAD", "AUD", "NZD"),
        "euro": ("EUR",),
        "euros": ("EUR",),
        "pounds": ("GBP", "EGP"),
        "quid": ("GBP",),
        "yen": ("JPY",),
        "yuan": ("CNY",),
        "rouble": ("RUB", "BYN"),
        "roubles": ("RUB", "BYN"),
        "rubles": ("RUB", "BYN"),
        "rupees": ("INR", "PKR", "LKR", "NPR"),
        "zloty": ("PLN",),
        "hryvnia": ("UAH",),
        "tenge": ("KZT",),
        "francs": ("CHF", "XOF", "XAF"),
        "dinars": ("KWD", "BHD", "JOD", "IQD", "RSD", "TND", "DZD"),
        "kroner": ("NOK", "DKK"),
        "kronor": ("SEK",),
    },
    ordinary=(
        "all",
        "amd",
        "bam",
        "bob",
        "cop",
        "cup",
        "gel",
        "lak",
        "mad",
        "mop",
        "pen",
        "ron",
        "sos",
        "top",
        "try",
        "ft",
        "fr",
        "br",
    ),
    for_whom=("for",),
    payee=("payee", "at"),
    everybody=("all", "everyone", "everybody", "family"),
    me=("me", "myself"),
    moving=("transfer", "transferred", "moved", "move", "exchange", "exchanged", "withdraw", "withdrew"),
    earning=("got", "received", "earned", "refund", "refunded", "sold", "income"),
    inside=("in",),
    periods=("week", "weekend", "month", "year", "night"),
    day_after=("on", "on the"),
    day_before=(),
)

RUSSIAN = Language(
    days={"сегодня": 0, "вчера": -1, "позавчера": -2, "завтра": 1, "послезавтра": 2},
    weekdays=(
        ("понедельник", "понедельника", "пн"),
        ("вторник", "вторника", "вт"),
        ("среда", "среду", "среды", "ср"),
        ("четверг", "четверга", "чт"),
        ("пятница", "пятницу", "пятницы", "пт"),
        ("суббота", "субботу", "субботы", "сб"),
        ("воскресенье", "воскресенья", "вс"),
    ),
    months=(
        ("январь", "января", "янв"),
        ("февраль", "февраля", "фев"),
        ("март", "марта", "мар"),
        ("апрель", "апреля", "апр"),
        ("май", "мая"),
        ("июнь", "июня", "июн"),
        ("июль", "июля", "июл"),
        ("август", "августа", "авг"),
        ("сентябрь", "сентября", "сен", "сент"),
        ("октябрь", "октября", "окт"),
        ("ноябрь", "ноября", "ноя", "нояб"),
        ("декабрь", "декабря", "дек"),
    ),
    month_first=False,
    unit={"день": 1, "неделю": 7},
    units={"дня": 1, "дней": 1, "недели": 7, "недель": 7},
    ago=("назад",),
    last=("прошлый", "прошлую", "прошлая", "прошлое", "прошлой", "прошлого"),
    future=("следующий", "следующую", "следующая", "следующее", "будущий", "будущую", "через"),
    before_days=("в", "во", "от", "за", "с"),
    not_days=("черная", "черную", "черной", "страстная", "страстную"),
    ordinals=("го", "е", "ое"),
    years=("г", "года", "год"),
    thousands={"к": 1000, "т": 1000, "тыс": 1000},
    multipliers={"тыс": 1000, "тысяч": 1000, "тысячи": 1000, "тысяча": 1000, "млн": 10**6, "миллион": 10**6},
    currencies={
        "р": ("RUB", "BYN"),
        "руб": ("RUB", "BYN"),
        "рубль": ("RUB", "BYN"),
        "рубля": ("RUB", "BYN"),
        "рублей": ("RUB", "BYN"),
        "рублях": ("RUB", "BYN"),
        "доллар": ("USD", "CAD", "AUD"),
        "доллара": ("USD", "CAD", "AUD"),
        "долларов": ("USD", "CAD", "AUD"),
        "долларах": ("USD", "CAD", "AUD"),
        "баксов": ("USD",),
        "евро": ("EUR",),
        "грн": ("UAH",),
        "гривна": ("UAH",),
        "гривны": ("UAH",),
        "гривен": ("UAH",),
        "гривнах": ("UAH",),
        "злотый": ("PLN",),
        "злотых": ("PLN",),
        "тенге": ("KZT",),
        "тг": ("KZT",),
        "йен": ("JPY",),
        "иен": ("JPY",),
        "юаней": ("CNY",),
        "фунтов": ("GBP", "EGP"),
        "франков": ("CHF", "XOF", "XAF"),
        "лари": ("GEL",),
        "драм": ("AMD",),
        "динаров": ("KWD", "BHD", "JOD", "IQD", "RSD", "TND", "DZD"),
        "лир": ("TRY",),
        "сум": ("UZS",),
        "крон": ("CZK", "SEK", "NOK", "DKK", "ISK"),
    },
    ordinary=(),
    for_whom=("для",),
    payee=("у", "кому", "получатель"),
    everybody=("все", "всех", "семья", "семьи"),
    me=("я", "меня", "себя"),
    moving=("перевод", "перевел", "перевела", "перевели", "обмен", "обменял", "обменяла", "снял", "сняла"),
    earning=("получил", "получила", "вернули", "возврат", "продал", "продала", "доход"),
    inside=("в",),
    periods=("неделе", "неделю", "неделя", "неделей", "месяце", "месяц", "году", "год", "выходные", "выходных"),
    day_after=(),
    day_before=("числа", "число"),
)

LANGUAGES = (ENGLISH, RUSSIAN)
