"""Names of months, weekdays and time zones, as dates are written with them."""

from __future__ import annotations

from functools import cache

from tsattn.data.reading.time_names import plain

# language -> twelve names; forms of one month are split by "/". A dot at the end of an abbreviation is ignored.
MONTHS: dict[str, str] = {
    "en": "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sept/sep october/oct"
    " november/nov december/dec",
    "de": "januar/jänner/jan/jän februar/feber/feb märz/maerz/mär/mrz april/apr mai juni/jun juli/jul august/aug"
    " september/sept/sep oktober/okt november/nov dezember/dez",
    "fr": "janvier/janv/jan février/févr/fév mars avril/avr mai juin/jun juillet/juil/jul août/aoû septembre/sept/sep"
    " octobre/oct novembre/nov décembre/déc",
    "es": "enero/ene febrero/feb marzo/mar abril/abr mayo/may junio/jun julio/jul agosto/ago septiembre/setiembre/sept/sep"
    " octubre/oct noviembre/nov diciembre/dic",
    "it": "gennaio/gen febbraio/feb marzo/mar aprile/apr maggio/mag giugno/giu luglio/lug agosto/ago settembre/sett/set"
    " ottobre/ott novembre/nov dicembre/dic",
    "pt": "janeiro/jan fevereiro/fev março/mar abril/abr maio/mai junho/jun julho/jul agosto/ago setembro/set outubro/out"
    " novembro/nov dezembro/dez",
    "nl": "januari/jan februari/feb maart/mrt april/apr mei juni/jun juli/jul augustus/aug september/sept/sep oktober/okt"
    " november/nov december/dec",
    "pl": "styczeń/stycznia/sty luty/lutego/lut marzec/marca/mar kwiecień/kwietnia/kwi maj/maja czerwiec/czerwca/cze"
    " lipiec/lipca/lip sierpień/sierpnia/sie wrzesień/września/wrz październik/października/paź listopad/listopada/lis"
    " grudzień/grudnia/gru",
    "sv": "januari/jan februari/feb mars/mar april/apr maj juni/jun juli/jul augusti/aug september/sep oktober/okt"
    " november/nov december/dec",
    "da": "januar/jan februar/feb marts/mar april/apr maj juni/jun juli/jul august/aug september/sep oktober/okt"
    " november/nov december/dec",
    "no": "januar/jan februar/feb mars/mar april/apr mai juni/jun juli/jul august/aug september/sep oktober/okt"
    " november/nov desember/des",
    "fi": "tammikuu/tammikuuta/tammi/tammik helmikuu/helmikuuta/helmi/helmik maaliskuu/maaliskuuta/maalis/maalisk"
    " huhtikuu/huhtikuuta/huhti/huhtik toukokuu/toukokuuta/touko/toukok kesäkuu/kesäkuuta/kesä/kesäk"
    " heinäkuu/heinäkuuta/heinä/heinäk elokuu/elokuuta/elo/elok syyskuu/syyskuuta/syys/syysk"
    " lokakuu/lokakuuta/loka/lokak marraskuu/marraskuuta/marras/marrask joulukuu/joulukuuta/joulu/jouluk",
    "tr": "ocak/oca şubat/şub mart/mar nisan/nis mayıs/may haziran/haz temmuz/tem ağustos/ağu eylül/eyl ekim/eki"
    " kasım/kas aralık/ara",
    "cs": "leden/ledna/led únor/února/úno březen/března/bře duben/dubna/dub květen/května/kvě červen/června/čvn"
    " červenec/července/čvc srpen/srpna/srp září/zář říjen/října/říj listopad/listopadu/lis prosinec/prosince/pro",
    "ru": "январь/января/янв февраль/февраля/фев/февр март/марта/мар апрель/апреля/апр май/мая июнь/июня/июн июль/июля/июл"
    " август/августа/авг сентябрь/сентября/сен/сент октябрь/октября/окт ноябрь/ноября/ноя/нояб декабрь/декабря/дек",
    # not Croatian: its listopad is October, that of Polish and Czech November
    "hu": "január/jan február/febr március/márc április/ápr május/máj június/jún július/júl augusztus/aug"
    " szeptember/szept október/okt november/nov december/dec",
    "ro": "ianuarie februarie/feb martie/mar aprilie/apr mai iunie/iun iulie/iul august/aug septembrie/sept octombrie/oct"
    " noiembrie/nov decembrie/dec",
    "ca": "gener/gen febrer/febr març abril/abr maig juny juliol/jul agost/ago setembre/set octubre/oct novembre/nov"
    " desembre/des",
    "sk": "január/januára február/februára marec/marca apríl/apríla máj/mája jún/júna júl/júla august/augusta"
    " september/septembra október/októbra november/novembra december/decembra",
    "et": "jaanuar/jaan veebruar/veebr märts aprill/apr mai juuni juuli august/aug september/sept oktoober/okt november/nov"
    " detsember/dets",
    "lv": "janvāris/janvārī februāris marts aprīlis maijs jūnijs jūlijs augusts septembris oktobris novembris decembris",
    "is": "janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember",
    "id": "januari/jan februari/feb maret april/apr mei juni/jun juli/jul agustus/agu/agt september/sep oktober/okt"
    " november/nov desember/des",
    "af": "januarie februarie maart april mei junie julie augustus september oktober november desember",
    "uk": "січень/січня/січ лютий/лютого/лют березень/березня/бер квітень/квітня/кві травень/травня/тра червень/червня/чер"
    " липень/липня/лип серпень/серпня/сер вересень/вересня/вер жовтень/жовтня/жов листопад/листопада/лис грудень/грудня/гру",
    "bg": "януари февруари март април май юни юли август септември октомври ноември декември",
    "sr": "јануар фебруар март април мај јун јул август септембар октобар новембар децембар",
    "el": "ιανουάριος/ιανουαρίου/ιαν φεβρουάριος/φεβρουαρίου/φεβ μάρτιος/μαρτίου/μαρ απρίλιος/απριλίου/απρ μάιος/μαΐου/μαι"
    " ιούνιος/ιουνίου/ιουν ιούλιος/ιουλίου/ιουλ αύγουστος/αυγούστου/αυγ σεπτέμβριος/σεπτεμβρίου/σεπ"
    " οκτώβριος/οκτωβρίου/οκτ νοέμβριος/νοεμβρίου/νοε δεκέμβριος/δεκεμβρίου/δεκ",
    "ar": "يناير فبراير مارس أبريل/ابريل مايو يونيو يوليو أغسطس/اغسطس سبتمبر أكتوبر/اكتوبر نوفمبر ديسمبر",
    "he": "ינואר/בינואר פברואר/בפברואר מרץ/במרץ/מרס אפריל/באפריל מאי/במאי יוני/ביוני יולי/ביולי אוגוסט/באוגוסט ספטמבר/בספטמבר"
    " אוקטובר/באוקטובר נובמבר/בנובמבר דצמבר/בדצמבר",
}
WEEKDAYS: dict[str, str] = {
    "en": "monday mon tuesday tues tue wednesday wed thursday thurs thur thu friday fri saturday sat sunday sun",
    "de": "montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sonnabend sa sonntag so",
    "fr": "lundi lun mardi mar mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim",
    "es": "lunes martes miércoles mié jueves jue viernes vie sábado sáb domingo",
    "it": "lunedì martedì mercoledì giovedì gio venerdì sabato sab domenica dom",
    "pt": "segunda-feira segunda seg terça-feira terça ter quarta-feira quarta qua quinta-feira quinta qui sexta-feira sexta sex",
    "nl": "maandag ma dinsdag woensdag wo donderdag vrijdag vr zaterdag za zondag zo",
    "pl": "poniedziałek pon pn wtorek wt środa śr czwartek czw cz piątek pt sobota sob niedziela niedz nd",
    "sv": "måndag mån tisdag tis onsdag ons torsdag tors tor fredag fre lördag lör söndag sön",
    "da": "mandag man tirsdag tirs lørdag lør søndag søn",
    "fi": "maanantai tiistai ti keskiviikko ke torstai perjantai pe lauantai la sunnuntai su",
    "tr": "pazartesi pzt salı sal çarşamba çar perşembe per cuma cum cumartesi cmt pazar paz",
}
# language -> seven names, Monday first; forms of one day are split by "/"
_WEEKS: dict[str, str] = {
    "en": "monday/mon tuesday/tues/tue wednesday/wed thursday/thurs/thur/thu friday/fri saturday/sat sunday/sun",
    "de": "montag/mo dienstag/di mittwoch/mi donnerstag/do freitag/fr samstag/sonnabend/sa sonntag/so",
    "fr": "lundi/lun mardi/mar mercredi/mer jeudi/jeu vendredi/ven samedi/sam dimanche/dim",
    "es": "lunes/lun martes/mar miercoles/mie jueves/jue viernes/vie sabado/sab domingo/dom",
    "it": "lunedi/lun martedi/mar mercoledi/mer giovedi/gio venerdi/ven sabato/sab domenica/dom",
    "nl": "maandag/ma dinsdag/di woensdag/wo donderdag/do vrijdag/vr zaterdag/za zondag/zo",
}
# name after a time of day -> (minutes from UTC, a zone that uses it)
ZONE_NAMES: dict[str, tuple[int, str]] = {
    "z": (0, "UTC"),
    "utc": (0, "UTC"),
    "gmt": (0, "UTC"),
    "wet": (0, "Europe/Lisbon"),
    "west": (60, "Europe/Lisbon"),
    "bst": (60, "Europe/London"),
    "cet": (60, "Europe/Berlin"),
    "cest": (120, "Europe/Berlin"),
    "mez": (60, "Europe/Berlin"),
    "mesz": (120, "Europe/Berlin"),
    "eet": (120, "Europe/Athens"),
    "eest": (180, "Europe/Athens"),
    "msk": (180, "Europe/Moscow"),
    "nst": (-210, "America/St_Johns"),
    "ndt": (-150, "America/St_Johns"),
    "ast": (-240, "America/Halifax"),
    "adt": (-180, "America/Halifax"),
    "est": (-300, "America/New_York"),
    "edt": (-240, "America/New_York"),
    "cst": (-360, "America/Chicago"),
    "cdt": (-300, "America/Chicago"),
    "mst": (-420, "America/Denver"),
    "mdt": (-360, "America/Denver"),
    "pst": (-480, "America/Los_Angeles"),
    "pdt": (-420, "America/Los_Angeles"),
    "akst": (-540, "America/Anchorage"),
    "akdt": (-480, "America/Anchorage"),
    "hst": (-600, "Pacific/Honolulu"),
    "jst": (540, "Asia/Tokyo"),
    "kst": (540, "Asia/Seoul"),
    "awst": (480, "Australia/Perth"),
    "acst": (570, "Australia/Adelaide"),
    "acdt": (630, "Australia/Adelaide"),
    "aest": (600, "Australia/Sydney"),
    "aedt": (660, "Australia/Sydney"),
    "nzst": (720, "Pacific/Auckland"),
    "nzdt": (780, "Pacific/Auckland"),
}


@cache
def month_numbers() -> dict[str, int]:
    """Return the names of months, with and without accents, and their numbers 1 to 12."""
    found: dict[str, int] = {}
    for names in MONTHS.values():
        for number, forms in enumerate(names.split(), 1):
            for form in forms.split("/"):
                found[form] = found[plain(form)] = number
    return found


def weekday_names() -> list[str]:
    """Return the names of weekdays, with and without accents, longest first."""
    found = {form for names in WEEKDAYS.values() for name in names.split() for form in (name, plain(name))}
    return sorted(found, key=lambda name: (-len(name), name))


@cache
def weekday_numbers() -> dict[str, int]:
    """Return the names of weekdays in column headers, without accents, and their numbers, Monday = 0."""
    return {form: day for names in _WEEKS.values() for day, forms in enumerate(names.split()) for form in forms.split("/")}
