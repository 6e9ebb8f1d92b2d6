"""Names of months, weekdays and time zones, as dates are written with them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

from tsattn.data.reading.time_names import plain

# language -> twelve names; forms of one month are split by "/". A dot at the end of an abbreviation is ignored.
MONTHS: dict[str, str] = {
    "en": "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sept/sep october/oct"
    " november/nov december/dec",
    "de": "januar/jänner/jan/jän februar/feber/feb märz/maerz/mär/mrz april/apr mai juni/jun juli/jul august/aug"
    " september/sept/sep oktober/okt november/nov dezember/dez",
    "fr": "janvier/janv/jan février/févr/fév mars avril/avr mai juin/jun juillet/juill/juil/jul août/aoû septembre/sept/sep"
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
    "hr": "siječanj/siječnja/sij veljača/veljače/velj ožujak/ožujka/ožu travanj/travnja/tra svibanj/svibnja/svi lipanj/lipnja/lip"
    " srpanj/srpnja/srp kolovoz/kolovoza/kol rujan/rujna/ruj listopad/listopada/lis studeni/studenoga/studenog/stu"
    " prosinac/prosinca/pro",
    "sl": "januar/januarja/jan februar/februarja/feb marec/marca/mar april/aprila/apr maj/maja junij/junija/jun julij/julija/jul"
    " avgust/avgusta/avg september/septembra/sep oktober/oktobra/okt november/novembra/nov december/decembra/dec",
    "bs": "januar/januara/jan februar/februara/feb mart/marta/mar april/aprila/apr maj/maja juni/juna/jun juli/jula/jul"
    " avgust/avgusta/avg septembar/septembra/sept/sep oktobar/oktobra/okt novembar/novembra/nov decembar/decembra/dec",
    "lt": "sausis/sausio/saus/sau vasaris/vasario/vas kovas/kovo/kov balandis/balandžio/bal gegužė/gegužės/geg"
    " birželis/birželio/birž/bir liepa/liepos/liep/lie rugpjūtis/rugpjūčio/rugp/rgp rugsėjis/rugsėjo/rugs/rgs"
    " spalis/spalio/spal/spa lapkritis/lapkričio/lapkr/lap gruodis/gruodžio/gruod/grd",
    "sq": "janar/jan shkurt/shk mars/mar prill/pri maj qershor/qer korrik/korr/kor gusht/gush/gsh shtator/sht"
    " tetor/tet nëntor/nën"
    " dhjetor/dhj",
    "mt": "jannar/jan frar/fra marzu/mar april/apr mejju/mej ġunju/ġun lulju/lul awwissu/aww settembru/set ottubru/ott"
    " novembru/nov diċembru/diċ",
    "ga": "eanáir/ean feabhra/feabh márta aibreán/aib bealtaine/beal meitheamh/meith iúil lúnasa/lún mfómh dfómh samhain/samh"
    " nollaig/noll",
    "cy": "ionawr/ion chwefror/chwef/chw mawrth/maw ebrill/ebr mai mehefin/meh gorffennaf/gorff/gor awst medi hydref/hyd"
    " tachwedd/tach rhagfyr/rhag",
    "eu": "urtarrila/urtarrilak/urtarrilaren/urt otsaila/otsailak/otsailaren/ots martxoa/martxoak/martxoaren/mar"
    " apirila/apirilak/apirilaren/api maiatza/maiatzak/maiatzaren/mai ekaina/ekainak/ekainaren/eka"
    " uztaila/uztailak/uztailaren/uzt abuztua/abuztuak/abuztuaren/abu iraila/irailak/irailaren/ira urria/urriak/urriaren/urr"
    " azaroa/azaroak/azaroaren/aza abendua/abenduak/abenduaren/abe",
    "gl": "xaneiro/xan febreiro/feb marzo/mar abril/abr maio xuño xullo/xul agosto/ago setembro/set outubro/out novembro/nov"
    " decembro/dec",
    "ms": "januari/jan februari/feb mac april/apr mei jun julai/jul ogos/ogo september/sep oktober/okt november/nov disember/dis",
    "fil": "enero/ene pebrero/peb marso/mar abril/abr mayo/may hunyo/hun hulyo/hul agosto/ago setyembre/set oktubre/okt"
    " nobyembre/nob disyembre/dis",
    "sw": "januari/jan februari/feb machi/mac aprili/apr mei juni/jun julai/jul agosti/ago septemba/sep oktoba/okt novemba/nov"
    " desemba/des",
    "az": "yanvar/yan fevral/fev mart/mar aprel/apr may iyun/iyn iyul/iyl avqust/avq sentyabr/sen oktyabr/okt"
    " noyabr/noy dekabr/dek",
    "uz": "yanvar/yan fevral/fev mart/mar aprel/apr may iyun/iyn iyul/iyl avgust/avg sentabr/sen oktabr/okt"
    " noyabr/noy dekabr/dek",
    "hu": "január/jan február/febr március/márc április/ápr május/máj június/jún július/júl augusztus/aug"
    " szeptember/szept október/okt november/nov december/dec",
    "ro": "ianuarie/ian februarie/feb martie/mar aprilie/apr mai iunie/iun iulie/iul august/aug septembrie/sept/sep octombrie/oct"
    " noiembrie/nov decembrie/dec",
    "ca": "gener/gen febrer/febr març abril/abr maig juny/jun juliol/jul agost/ago/ag setembre/set octubre/oct novembre/nov"
    " desembre/des",
    "sk": "január/januára/jan február/februára/feb marec/marca/mar apríl/apríla/apr máj/mája jún/júna júl/júla august/augusta/aug"
    " september/septembra/sep október/októbra/okt november/novembra/nov december/decembra/dec",
    "et": "jaanuar/jaan veebruar/veebr märts aprill/apr mai juuni juuli august/aug september/sept oktoober/okt november/nov"
    " detsember/dets",
    "lv": "janvāris/janvārī/janv/jan februāris/februārī/febr/feb marts/martā/mar aprīlis/aprīlī/apr maijs/maijā/mai"
    " jūnijs/jūnijā/jūn"
    " jūlijs/jūlijā/jūl augusts/augustā/aug septembris/septembrī/sept/sep oktobris/oktobrī/okt novembris/novembrī/nov"
    " decembris/decembrī/dec",
    "is": "janúar/jan febrúar/feb mars/mar apríl/apr maí júní/jún júlí/júl ágúst/ágú september/sept/sep október/okt nóvember/nóv"
    " desember/des",
    "id": "januari/jan februari/feb maret april/apr mei juni/jun juli/jul agustus/agu/agt september/sep oktober/okt"
    " november/nov desember/des",
    "af": "januarie februarie maart april mei junie julie augustus september oktober november desember",
    "uk": "січень/січня/січ лютий/лютого/лют березень/березня/берез/бер квітень/квітня/квіт/кві травень/травня/трав/тра"
    " червень/червня/черв/чер липень/липня/лип серпень/серпня/серп/сер вересень/вересня/вер жовтень/жовтня/жовт/жов"
    " листопад/листопада/лист/лис грудень/грудня/груд/гру",
    "be": "студзень/студзеня/сту люты/лютага/лют сакавік/сакавіка/сак красавік/красавіка/кра май/мая чэрвень/чэрвеня/чэр"
    " ліпень/ліпеня/ліп жнівень/жніўня/жні верасень/верасня/вер кастрычнік/кастрычніка/кас лістапад/лістапада/ліс"
    " снежань/снежня/сне",
    "bg": "януари/яну февруари/фев март/мар април/апр май юни юли август/авг септември/сеп/септ октомври/окт ноември/ное/ноем"
    " декември/дек",
    "mk": "јануари/јан февруари/фев март/мар април/апр мај јуни/јун јули/јул август/авг септември/септ/сеп октомври/окт"
    " ноември/ноем/ное декември/дек",
    "sr": "јануар/јануара/јан фебруар/фебруара/феб март/марта/мар април/априла/апр мај/маја јун/јуна јул/јула август/августа/авг"
    " септембар/септембра/септ/сеп октобар/октобра/окт новембар/новембра/нов децембар/децембра/дец",
    "kk": "қаңтар/қаң ақпан/ақп наурыз/нау сәуір/сәу мамыр/мам маусым/мау шілде/шіл тамыз/там қыркүйек/қыр қазан/қаз қараша/қар"
    " желтоқсан/жел",
    "ka": "იანვარი/იან თებერვალი/თებ მარტი/მარ აპრილი/აპრ მაისი/მაი ივნისი/ივნ ივლისი/ივლ აგვისტო/აგვ სექტემბერი/სექ"
    " ოქტომბერი/ოქტ ნოემბერი/ნოე დეკემბერი/დეკ",
    "hy": "հունվար/հունվարի/հնվ փետրվար/փետրվարի/փտվ մարտ/մարտի/մրտ ապրիլ/ապրիլի/ապր մայիս/մայիսի/մյս հունիս/հունիսի/հնս"
    " հուլիս/հուլիսի/հլս օգոստոս/օգոստոսի/օգս սեպտեմբեր/սեպտեմբերի/սեպ հոկտեմբեր/հոկտեմբերի/հոկ նոյեմբեր/նոյեմբերի/նոյ"
    " դեկտեմբեր/դեկտեմբերի/դեկ",
    "el": "ιανουάριος/ιανουαρίου/ιαν φεβρουάριος/φεβρουαρίου/φεβ μάρτιος/μαρτίου/μαρ απρίλιος/απριλίου/απρ μάιος/μαΐου/μαι"
    " ιούνιος/ιουνίου/ιουν ιούλιος/ιουλίου/ιουλ αύγουστος/αυγούστου/αυγ σεπτέμβριος/σεπτεμβρίου/σεπ"
    " οκτώβριος/οκτωβρίου/οκτ νοέμβριος/νοεμβρίου/νοε δεκέμβριος/δεκεμβρίου/δεκ",
    "ar": "يناير فبراير مارس أبريل/ابريل مايو يونيو يوليو أغسطس/اغسطس سبتمبر أكتوبر/اكتوبر نوفمبر ديسمبر",
    "he": "ינואר/בינואר/ינו/בינו פברואר/בפברואר/פבר/בפבר מרץ/במרץ/מרס אפריל/באפריל/אפר/באפר מאי/במאי יוני/ביוני/יונ"
    " יולי/ביולי/יול אוגוסט/באוגוסט/אוג/באוג ספטמבר/בספטמבר/ספט/בספט אוקטובר/באוקטובר/אוק/באוק נובמבר/בנובמבר/נוב/בנוב"
    " דצמבר/בדצמבר/דצמ/בדצמ",
    "hi": "जनवरी फ़रवरी/फरवरी/फ़र मार्च अप्रैल/अप्रै मई जून जुलाई/जुल अगस्त/अग सितंबर/सितम्बर/सित अक्टूबर/अक्तूबर/अक्टू"
    " नवंबर/नवम्बर/नव दिसंबर/दिसम्बर/दिस",
    "fa": "ژانویه/ژانویهٔ فوریه/فوریهٔ مارس آوریل مه/مهٔ ژوئن ژوئیه/ژوئیهٔ/جولای اوت/آگوست سپتامبر اکتبر نوامبر دسامبر",
    "ur": "جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر",
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
    "da": "mandag man tirsdag tirs tir lørdag lør søndag søn",
    "fi": "maanantai tiistai ti keskiviikko ke torstai to perjantai pe lauantai la sunnuntai su",
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
# words before the number of a quarter: Q1, T1, Qtr 1, Qrtl1, Kwrt1, Trim.1; a dot and blanks may follow them
QUARTER_WORDS = ("q", "t", "qtr", "qrtl", "quarter", "quartal", "kwrt", "kwartaal", "kwartal", "kvartal", "trim", "trimestre")
QUARTER_WORD = rf"(?:{'|'.join(QUARTER_WORDS)})[. ]{{0,2}}"
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
def _meanings() -> dict[str, dict[str, int]]:
    """Return each name of a month, with and without accents, with its number 1 to 12 in each language."""
    found: dict[str, dict[str, int]] = {}
    for language, names in MONTHS.items():
        for number, forms in enumerate(names.split(), 1):
            for form in forms.split("/"):
                for written in {form, plain(form), _without_marks(form)}:
                    found.setdefault(written, {})[language] = number
    return found


def _without_marks(text: str) -> str:
    """Return a text without accents and without the vowel signs of Indian scripts, as `date_spelling.normalized` writes it."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M"))


@cache
def month_numbers() -> dict[str, int]:
    """Return the names of months, with and without accents, and their numbers 1 to 12.

    A name that means different months, such as listopad, has the number of the language that comes first in MONTHS.
    """
    return {form: next(iter(meanings.values())) for form, meanings in _meanings().items()}


def months_among(names: Iterable[str]) -> dict[str, int]:
    """Return the names of months among the lower-case names of one column, and their numbers 1 to 12.

    A name that means different months, such as listopad (October in Croatian, November in Polish), has the number that it has in
    the languages that know most of the names. If these languages disagree, it is left out.
    """
    found = {name: _meanings()[name] for name in dict.fromkeys(names) if name in _meanings()}
    if all(len(set(meanings.values())) == 1 for meanings in found.values()):
        return {name: next(iter(meanings.values())) for name, meanings in found.items()}
    known = Counter(language for meanings in found.values() for language in meanings)
    most = max(known.values())
    out = {}
    for name, meanings in found.items():
        numbers = {number for language, number in meanings.items() if known[language] == most} or set(meanings.values())
        if len(numbers) == 1:
            out[name] = numbers.pop()
    return out


def weekday_names() -> list[str]:
    """Return the names of weekdays, with and without accents, longest first."""
    found = {form for names in WEEKDAYS.values() for name in names.split() for form in (name, plain(name))}
    return sorted(found, key=lambda name: (-len(name), name))


@cache
def weekday_numbers() -> dict[str, int]:
    """Return the names of weekdays in column headers, without accents, and their numbers, Monday = 0."""
    return {form: day for names in _WEEKS.values() for day, forms in enumerate(names.split()) for form in forms.split("/")}
