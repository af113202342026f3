# Words of the pages. Same keys as ja.ftl.

# frame
product = Shirube
mark = 標
skip-to-content = Skip to content
languages = Languages
ways = Pages
way-overview = Overview
way-participants = Participants
way-register = Registration
way-queries = Queries
way-sites = Sites
way-report = Report
way-ledger = Ledger
studies = Studies
study = Study
study-title = Title
data-nature = Nature of the data
entries = Entries
nature-simulated = Synthetic data
nature-simulated-what = Every participant here is virtual and was made by a computer. No real person's data are shown.
nature-completed = Rebuilt from published data
nature-completed-what = A finished trial, entered afterwards from what was published.
nature-real = Real data
nature-real-what = A trial under way: results by arm only at planned looks.
cutoff = Data cut-off
cutoff-none = none (everything)
position = Ledger position
position-past = (in the past)
back-to-now = Back to now
acting-as = Acting as (demonstration)
acting-as-note = For the demonstration you may act as anyone without signing in. Each page shows only what that person may see.
show = Show
to-the-start = To the start page

# roles
role-data_manager = Data manager
role-statistician = Statistician
role-study_chair = Study chair
role-investigator = Investigator
role-coordinator = Site coordinator
role-monitor = Monitor
role-auditor = Auditor
role-safety_committee = Safety committee
role-system = System

# overview
where-am-i = Where the study stands
what-waits = What waits for you
what-changed = What changed
nothing-waits = Nothing waits for you.
planned-n = of { $n } planned
sites-registering = Sites with registrations
sites-of-n = of { $n } sites
data-up-to = Latest entry
wait-overdue =
    { $n ->
        [one] { $n } form overdue
       *[other] { $n } forms overdue
    }
wait-queries =
    { $n ->
        [one] { $n } open query
       *[other] { $n } open queries
    }
wait-answers =
    { $n ->
        [one] { $n } answer to review
       *[other] { $n } answers to review
    }
wait-register =
    { $n ->
        [one] { $n } participant waiting for { $x }
       *[other] { $n } participants waiting for { $x }
    }
wait-approvals =
    { $n ->
        [one] { $n } site lacks a paper
       *[other] { $n } sites lack papers
    }
accrual = Accrual
accrual-caption = { $step } up to { $day }: { $n } registered, { $planned } planned.
results-by-arm = Results by arm
registered-by-day = Registered by this day
overdue-by-site = Overdue forms by site
nothing-overdue = No form is overdue.
site = Site
participants-with-data = Participants
forms-overdue = Overdue
longest-days = Longest (days)
further-sites = and { $n } more sites

# participants
all-sites = All sites
state = State
number-or-id = Participant or registration number
participant = Participant
participant-n = Participant { $x }
on-day = On
arm = Arm
queries-open = Queries
found-n =
    { $n ->
        [one] { $n } participant
       *[other] { $n } participants
    }
pages = Pages of the list
state-any = All
state-consented = Consented only
state-registered = Registered
state-allocated = Allocated
state-off-treatment = Off treatment
state-withdrawn = Withdrawn
state-ineligible = Ineligible
state-ended = Follow-up ended
state-overdue = With overdue forms
state-queried = With open queries

# casebook
steps-and-arm = Registration and arm
cancelled = cancelled
go-register = Go to registration
not-registered = not registered
entry = Entry
how-allocated = How the arm was allocated
expected-forms = Expected forms
nothing-expected = No form is expected yet.
visit = Visit
form = Form
due = Due
window = Window
not-yet-due = not yet due
is-due = due now
overdue-days =
    { $n ->
        [one] overdue by { $n } day
       *[other] overdue by { $n } days
    }
form-done = done ({ $x })
form-done-outside = done ({ $x }, outside the window)
form-not-applicable = not applicable
expectation-ended = no longer expected
new-form = New: { $x }
forms-and-values = Forms and every value
open-form = Open
item = Item
value = Value
who-when = Who and when
changed-n =
    { $n ->
        [one] changed once
       *[other] changed { $n } times
    }
form-incomplete = incomplete
form-complete = complete
form-empty = not started
dated = dated { $x }
straddles = part of its date is unknown: cannot tell on which side of the cut-off
consented-on = Consent { $x }
withdrawn-treatment = Withdrew from treatment ({ $x })
withdrawn-follow_up = Withdrew from follow-up ({ $x })
withdrawn-data_and_specimens = Withdrew use of data and specimens ({ $x })
off-treatment-on = Off protocol treatment ({ $x }) { $y }
found-ineligible = Found ineligible ({ $x })
fact-on = { $x }: { $y }
fact-unknown = { $x }: cannot be told, items are missing
wait-form-overdue = { $x } ({ $y })
wait-query = Answer query { $x }
wait-close = Review the answer to query { $x }
wait-step = Go on to { $x }

# fields and forms
required = required
year = year
month = month
day = day
computed = computed
record-n = Record { $n }
add-record = Add a record
records-complete = These are all
missing-kind-of = { $x }: why there is no value
has-value = no value because…
part-unknown = unknown
yes = Yes
no = No
usual-range = usual range { $x }
no-records = none
records-so-far = (there may be more)
record-comma = ;{" "}
fault-both = Both a value and a reason for no value are given. Keep one of them.
fault-integer = “{ $x }” is not a whole number.
fault-decimal = “{ $x }” is not a number.
fault-decimals =
    { $n ->
        [one] At most { $n } decimal place.
       *[other] At most { $n } decimal places.
    }
fault-choice = “{ $x }” is not one of the choices.
fault-day = There is no day “{ $x }”.
fault-day-part = Give the year, and the month and day or “unknown”.
fault-day-whole = Give year, month and day.
fault-required = Please fill this in.
fault-reason = Changing an earlier value needs a reason.
faults-n =
    { $n ->
        [one] { $n } place to mend
       *[other] { $n } places to mend
    }
reason = Reason
reason-for-change = Reason for the change
reason-note = Needed when an earlier value is changed. It stays in the value's history.
save = Save
save-and-complete = Save and mark complete
back-without-saving = Back without saving
saved = Saved (entry { $x }).
saved-nothing = No value changed; nothing was saved.
conflict = Somebody else saved this form while you had it open. The values below are yours. Look at what holds now, then save again.
holds-now = holds now: { $x }
only-when = only when: { $x }
due-on = due { $x }
raise-query = Raise a query
query-text = Query
back-done = Done.

# queries
query-n = Query { $n }
query-open = open
query-answered = answered
query-closed = closed
query-place = Participant { $x } · { $y }
query-raised-check = raised by check { $x }, { $y }
answer = Answer
send-answer = Send
close-query = Close the query
return-query = Return
return-text = What is still unclear
found-queries =
    { $n ->
        [one] { $n } query
       *[other] { $n } queries
    }

# registration
consent = Consent
consent-site = Site
consent-version = Version
consent-on = Day of consent
consent-by = Explained by
record-consent = Record the consent and go on
step-window = open { $y } after { $x }
step-cap = { $x } registered, at most { $y }
step-count = { $x } registered
accrual-held = Accrual is on hold.
nobody-waits = Nobody waits for this step.
since = Since
last-attempt = Last attempt
further-candidates = and { $n } more
register-at = { $x }: participant { $y }
registration-day = Day of registration
assess = Judge eligibility
assess-note = Judging does not register anybody.
criterion = Criterion
outcome = Outcome
because = Because
verdict-eligible = Eligible
verdict-eligible-what = Every criterion is met. Check what was entered, then register.
verdict-ineligible = Cannot register: not eligible
verdict-ineligible-what = At least one criterion is not met.
verdict-cannot_tell = Cannot register: some criteria cannot be told
verdict-cannot_tell-what = The items below would settle it. What is unknown never registers.
verdict-blocked = Cannot register
verdict-blocked-what = Something other than the criteria stands in the way.
criterion-eligible = met
criterion-ineligible = not met
criterion-cannot_tell = cannot be told
criterion-missing = missing: { $x }
exclusion = Exclusion: { $x }
exclusion-eligible = does not apply
exclusion-ineligible = applies
exclusion-cannot_tell = cannot be told
confirm-register = I have read this verdict
button-register = Register
button-register-allocate = Register and allocate
fault-confirm = To register, tick that the verdict was read.
fault-judged-changed = The values changed after they were judged. They were judged again.
is-registered = Registered
number-of-step = Number at { $x }
next-forms = Forms that fall due next
try-again = Mend the values and try again
to-the-casebook = To the casebook
refused-recorded = The refusal is kept in the ledger.

# allocation
replay-note = This allocation can be recomputed from the ledger alone. People at sites never see this page.
algorithm = Algorithm
protocol-version = Protocol version
counts-before = Counts at this participant's levels before the allocation
factor = Factor
level = Level
choice-of-arm = The choice of arm
imbalance-if = Imbalance if chosen
preferred = preferred
probability = Probability
draw-range = Draws
draw = The draw
counter = Generator counter
drawn = Drawn number
drawn-of = { $x } (from 0 to { $y })
checked = Check
arm-agrees = the drawn number lies in this arm's range
arm-differs = the drawn number does not give this arm
block-place = Stratum “{ $stratum }”, block { $block } of size { $size }, place { $position }

# sites
joined = Joined
may-register = Registration
may-yes = open
may-no = papers missing
paper-from = from { $x }
paper-later = from { $x } (not yet)
paper-expired = expired { $x }
paper-missing = missing
paper-other-version = only for version { $x }
found-sites =
    { $n ->
        [one] { $n } site
       *[other] { $n } sites
    }

# ledger
ledger-note = Everything that happened stands here in order. Nothing is changed or removed; each entry carries the hash of the one before.
head = Last entry
head-hash = Its hash
verify-now = Verify the ledger
verify-note = Follows the chain of hashes and decides every verdict and allocation again.
verified-ok = The ledger is sound
verified-bad = The ledger is not sound
verified-entries = Entries checked
verified-head = Head hash
verified-root = Root of the tree
store-settings = The store
store-settings-note = Settings on which it rests that what was acknowledged stays.
store-must-be = must be { $x }
verified-decided = Decisions made again
verified-draws = Draws checked
verified-cannot = Cannot be re-checked by this engine
verified-took = Time taken
evidence-note = Keep a copy of this result and hash: with it, a later ledger can be shown to continue the same history. A chain alone does not expose somebody who rewrote all of it.
latest-entries = Latest entries
seq = No.
at = Time
who = Who
what-happened = What happened
hash-short = Hash
older-entries = Older entries
entry-n = Entry { $x }
entry-before = Previous entry
entry-after = Next entry
payload = Content, as stored
erased = The content was erased. The chain still holds.
field-at = Time
field-actor = Actor
field-role = Role
field-site = Site
field-on_behalf = On behalf of
field-kind = Kind
field-reason = Reason
field-meaning = Meaning of signature
field-request = Request
field-previous = Previous hash
field-commitment = Commitment to the content
field-hash = Hash
field-salt = Salt
field-attachments = Attachments

# what happened
told-study_opened = Study opened
told-protocol_adopted = Protocol version { $x } adopted
told-accrual_held = Accrual held: { $x }
told-accrual_released = Accrual released: { $x }
told-look_held = Look at results by arm ({ $x })
told-seed_revealed = Seed revealed ({ $x })
told-clock_went_back = The clock went back by { $x } s
told-site_joined = { $x } joined
told-approval_recorded = { $x }: { $y } received
told-role_granted = { $x } given the role { $y }
told-role_revoked = { $x } no longer { $y }
told-data_imported = Data taken over from the file { $x }, { $y } rows
told-participant_imported = Participant { $x } taken over; "{ $y }" in the file
told-allocation_imported = Participant { $x }: arm { $y } as the file tells it (not drawn here)
told-consent_given = Participant { $x } consented
told-consent_withdrawn = Participant { $x } withdrew
told-registered = Participant { $x } registered: { $y }
told-registration_refused = Participant { $x } not registered: { $y }
told-registration_cancelled = Participant { $x }: registration cancelled, { $y }
told-allocated = Participant { $x } allocated
told-allocated-arm = Participant { $x } allocated to { $y }
told-found_ineligible = Participant { $x } found ineligible ({ $y })
told-off_treatment = Participant { $x } off treatment
told-form_saved = Participant { $x }: { $y } saved
told-form_completed = Participant { $x }: { $y } complete
told-form_reopened = Participant { $x }: { $y } reopened
told-form_not_applicable = Participant { $x }: { $y } not applicable
told-query_raised = Participant { $x }: query { $y } raised
told-query_answered = Query { $x } answered
told-query_returned = Query { $x } returned
told-query_closed = Query { $x } closed
told-letter_adopted = Text { $x } adopted for review, version { $y }
told-letter_commented = Comment of the patient representatives on a text
told-letter_signed = Text signed off
told-letter_issued = Text issued as final
told-letter_asked = Participant { $x }: checked whether she lives and wishes to know
told-letter_handed_over = Letter handed over to participant { $x }

# report
report-alone = Open the report alone
report-files = The whole report to keep:
rows-as-files = rows to keep:
figure-as-file = Figure to keep:

# trouble
trouble-missing = Not found
trouble-missing-what = There is no such page, or it cannot be seen in the present role.
trouble-forbidden = Not permitted in this role
trouble-forbidden-what = The present role has no right to do this.
trouble-past = The past cannot be changed
trouble-past-what = You are looking at an earlier ledger position. Go back to now to enter anything.
trouble-bad = The request cannot be read
trouble-bad-what = What was sent could not be understood. Go back and try again.
trouble-store = It could not be saved
trouble-store-what = The ledger could not be written, so nothing has changed. Please try again.
trouble-broken = Something went wrong
trouble-broken-what = The page could not be made. No data have changed.
trouble-code = Code { $x } ({ $y })
verified-sealed = Draws still sealed
unit-a = years
unit-mo = months
unit-wk = weeks
unit-d = days
unit-mm3 = /mm³
unit-10-4 = ×10⁴/mm³
span-years =
    { $n ->
        [one] { $n } year
       *[other] { $n } years
    }
span-months =
    { $n ->
        [one] { $n } month
       *[other] { $n } months
    }
span-days =
    { $n ->
        [one] { $n } day
       *[other] { $n } days
    }
on-behalf = On behalf of (person of the site)
on-behalf-note = Needed when the data centre changes a site's value.
fault-on-behalf = The data centre does not overwrite a site's value: choose on whose behalf it is corrected.
panel = The panel's case
panel-what = Given this patient, on this day, in this place: what follows from each finding, why, and what is missing.
panel-examples = Example cases
panel-examples-note = Synthetic: made for this project, no patient.
panel-case = Case
panel-as-of = On the day
panel-place = In
panel-place-jp = Japan
panel-place-us = United States
panel-place-eu = European Union
panel-known-at = As known on
panel-own = Your own profile
panel-own-case = Your profile
panel-own-note = A profile as JSON (concepts of knowledge/breast/concepts.csv). It is answered and not kept. Put in no names.
panel-profile = Profile (JSON)
panel-ask = Ask
panel-release = Knowledge { $x }, complete to { $y }
panel-problems = This cannot be answered yet
panel-no-day = “{ $x }” is not a day: write YYYY-MM-DD
panel-no-place = “{ $x }” is not on file: JP, US or EU
panel-disease = The disease
panel-subtype = Subtype
panel-flag = Attention
panel-prior = Treatment so far
panel-prior-complete = The list is complete
panel-prior-incomplete = The list is not known to be complete
panel-profile-seen = What is known
panel-findings = Findings
panel-no-findings = No finding is on file.
panel-finding = Finding
panel-class = Class
panel-class-1 = 1 · standard treatment now
panel-class-2 = 2 · trial, off-label or not yet
panel-class-3 = 3 · for interpretation only
panel-class-none = not determined
panel-why = Why
panel-missing = Missing
panel-regimens = Regimens that name it
panel-options = Treatment options
panel-order-note = The order means nothing: regimens stand as in the knowledge.
panel-fits = Label fits
panel-open = Cannot tell yet
panel-not = Does not fit
panel-regimen = Regimen
panel-status = Here and now
panel-since = Since
panel-unverified = not verified
panel-made-up = A made-up case: no data of a real patient.
panel-why-open = Rule, values and sources
panel-if-unverified = With facts that nobody has verified ({ $y }): { $x }
panel-why-status = Not in force here on this day
panel-her2-positive = positive
panel-her2-low = low
panel-her2-ultralow = ultralow
panel-her2-null = null
panel-her2-ihc0-unspecified = IHC 0, staining not stated
panel-her2-undetermined = cannot tell yet
panel-finding-standard-now = In force here, label fits
panel-finding-undetermined = It depends on
panel-finding-approved-not-listed = Approved here, not on the price list
panel-finding-line-not-reached = In force here, but not at this line
panel-finding-approved-elsewhere = In force in another place
panel-finding-pending-decision = A decision is pending
panel-finding-used-up = All regimens that name it are used up
panel-finding-no-route = No regimen and no route on file
panel-finding-vus = Variant of unknown significance
panel-finding-not-qualifying = Does not qualify
panel-event-filed = filed
panel-event-priority-review = priority review
panel-event-target-date = target date (a plan)
panel-event-committee-positive = committee: positive
panel-event-committee-negative = committee: negative
panel-event-review-extended = review extended
panel-event-approved = approved
panel-event-approved-accelerated = accelerated approval
panel-event-converted-regular = made regular
panel-event-extended = indication widened
panel-event-restriction-lifted = restriction lifted
panel-event-withdrawn = withdrawn
panel-event-listed = on the price list
panel-event-launched = launched
panel-event-expected-listing = listing expected (a plan)
panel-event-cdx-approved = companion test approved
panel-event-cdx-insured = companion test insured
panel-event-safety-notice = safety notice
panel-event-in-force-seen = seen in force
panel-event-none-found = nothing found
panel-class-ai = aromatase inhibitor
panel-class-cdk46i = CDK4/6 inhibitor
panel-class-chemo = chemotherapy
panel-class-taxane = taxane
panel-setting-adjuvant = adjuvant
panel-setting-neoadjuvant = neoadjuvant
panel-setting-metastatic = for metastatic disease
panel-outcome-progression = progression
panel-outcome-completed = completed
panel-outcome-toxicity = stopped for toxicity
panel-outcome-ongoing = ongoing
panel-true = yes
panel-false = no
panel-state-absent = tested, absent
panel-state-not-asked = not asked
panel-state-not-tested = not tested
panel-state-pending = result pending
panel-state-indeterminate = no usable result
panel-elsewhere = The same case elsewhere on that day
panel-changes = When it changes here
panel-changes-note = Days within a year before and after on which a verdict changes for this patient as described.
panel-no-changes = No verdict changes within a year before or after.
panel-day = Day
panel-before = Before
panel-after = From that day
panel-later = later
panel-her2 = HER2
panel-concept-patient-sex = Sex
panel-concept-patient-menopause = Menopausal state
panel-concept-patient-ecog = ECOG PS
panel-concept-patient-et-suitable-next = Endocrine treatment suitable next (judgement)
panel-concept-patient-io-candidate = Candidate for a PD-1/PD-L1 inhibitor (judgement)
panel-concept-patient-anthracycline-unsuitable = Anthracycline unsuitable
panel-concept-patient-taxane-unsuitable = Taxane unsuitable
panel-concept-patient-standard-unsuitable = Standard treatment difficult (judgement)
panel-concept-patient-no-satisfactory-alternative = No satisfactory alternative (judgement)
panel-concept-disease-site = Primary site
panel-concept-disease-extent = Extent
panel-concept-disease-brain-metastases = Brain metastases
panel-concept-disease-symptomatic-visceral = Symptomatic visceral disease
panel-concept-er-percent = ER (%)
panel-concept-pgr-percent = PgR (%)
panel-concept-her2-ihc = HER2 IHC
panel-concept-her2-ihc0-staining = Faint staining in IHC 0
panel-concept-her2-ish-method = HER2 ISH: method
panel-concept-her2-ish-ratio = HER2/CEP17 ratio
panel-concept-her2-ish-copies = HER2 copies per cell
panel-concept-her2-ish-recount-group = ISH group after recount
panel-concept-her2-adjudication = HER2: decision after recount
panel-concept-pdl1-cps = PD-L1 CPS
panel-concept-pdl1-ic = PD-L1 IC (%)
panel-concept-pten-ihc = PTEN IHC
panel-concept-gbrca-status = Germline BRCA1/2
panel-concept-tmb-per-mb = TMB (per Mb)
panel-concept-msi-status = MSI
panel-concept-prior-complete = Whether the list of treatments is complete
panel-concept-prior = Treatment so far
panel-concept-ctdna-samples = Series of blood samples
panel-value-pathogenic = pathogenic
panel-value-likely-pathogenic = likely pathogenic
panel-value-vus = unknown significance
panel-value-none-found = tested, none found
panel-value-advanced = advanced
panel-value-early = early
panel-value-female = female
panel-value-male = male
panel-value-pre = premenopausal
panel-value-peri = perimenopausal
panel-value-post = postmenopausal
panel-value-none = none
panel-value-present = present
panel-value-lost = lost
panel-value-retained = retained
panel-value-high = high
panel-value-stable = stable
panel-value-dual = dual probe
panel-value-single = single probe
panel-value-breast = breast
panel-by-blood = blood
panel-by-tissue = tissue
panel-concept-variant = { $x } variant
panel-input-by = { $x } by { $y }
panel-by = by { $x }

# results, followed home
results = Results by number
results-note = Every number of the planned analyses. Each leads to its method, to the participants behind it, to their values and to the ledger entries that gave them.
rows-note = Follow a number to see how it was worked out and who is behind it. The single steps of curves are left out.
row-method = Method
row-about = Of
row-stat = Statistic
row-set = Analysis set
row-options = Conventions
row-n = Entered
row-missing = Left out for missing values
row-key = The row's address
row-beside = Of the same line
sources-note = The stored values and events of this participant on which the number rests.
decides = Decides the time
decides-yes = decides
who-is-behind = Participants behind the number
nobody-behind = No participant stands behind this number.
behind-counted = Exactly those who are counted.
behind-entered = All who entered, with what each contributed, and those left out.
contributes = Contributes
its-values = Values
results-of-value = Results that this value enters
no-result-of-value = No planned analysis reads this value.
analysis = Analysis
part-counted = Counted
part-otherwise = In the denominator, not counted
part-event = Event
part-competing = Competing event
part-censored = Censored
part-value = Value
part-left-out = Left out
source-registered = Registered: { $x }
source-allocated = Allocated
source-refused = Registration refused: { $x }
source-withdrew = Consent withdrawn
enters-results = results
imported-arm = told by the imported file
panel-kind-local = local treatment
panel-kind-sequence = order
panel-kind-after = what comes after
panel-kind-safety = safety
panel-kind-comorbidity = comorbidity
panel-kind-values = the patient's values
panel-consider = To weigh beside the labels
panel-consider-note = Points for the discussion, never a score.
panel-kind = Kind
panel-point = Point
panel-here = For this patient
panel-applies = applies
panel-concept-disease-oligometastatic = Few metastases (oligometastatic)
panel-concept-patient-rapid-response-needed = Rapid shrinkage needed (judgement)
panel-concept-patient-ild-history = Interstitial lung disease, now or before
panel-concept-patient-diabetes = Diabetes
panel-concept-patient-goal = The patient's goal
panel-concept-cgp-history = Profiling tests done
panel-registry = Cases of the registry
panel-registry-what = Participants of this registry, judged from what its forms say. Correct the form and the verdict follows.
panel-registry-none = No case has been registered yet.
panel-registries = Cases of registries
panel-site = Site
panel-book = case report forms
panel-json = This case as a profile (JSON)
panel-specimens = Specimens
panel-specimens-note = Judged by the checks of each test. A negative from a specimen that fails is read as indeterminate; any other result stands, with a flag. What was not stated is only said to be so.
panel-test = Test
panel-adequacy = Adequacy
panel-checks = Failed or not stated
panel-do = What to do
panel-check-failed = { $x }: stated { $y }
panel-check-unstated = { $x }: not stated
panel-routes = Trials and other routes
panel-routes-note = Ways outside of the approved labels. Always ask the site or the public register whether patients are taken.
panel-route = Route
panel-seen-open = seen open until { $x }
panel-finding-evidence-b = Clinical evidence in this tumour (level B), no drug approved for it
panel-finding-trial-open = A trial that may be entered is open
panel-finding-route = A route such as off-label use is open
panel-route-trial = trial
panel-route-patient-proposed = patient-proposed care
panel-route-expanded-access = expanded access
panel-route-advanced-medical-care = advanced medical care
panel-route-off-label = off-label use
panel-read = Fill in from a profile (JSON)
panel-read-note = Puts what is read into the fields. Look it over, then save: nothing is recorded before.
panel-read-button = Put into the fields
panel-read-done = The profile was put into the fields. Look it over and save.
panel-read-differs = “{ $x }” differs from what another form says: correct that form first
panel-line = Line of therapy
panel-lines-note = The number is the line of therapy, derived by rules; “?” must be decided. To correct it, enter the decision, who made it and why beside the treatment.
panel-kind-test = test
panel-value-survival = longer survival
panel-value-symptoms = relief of symptoms
panel-value-quality-of-life = quality of life

# letters
way-letters = Letters
letter-kind-letter = Letter to participants
letter-kind-press = Press release
letter-kind-summary = Summary for physicians
letter-lang-ja = Japanese
letter-lang-en = English
letter-version = { $x }, version { $y }
letter-reader-bereaved = for the family
letter-drafts = Drafts of the study's texts
letter-text = Text
letter-findings-head = To mend
letter-unreviewed-head = Readings not reviewed
letter-open = Read
letter-before-reviewers = Before the reviewers
letter-adopted = Adopted
letter-adopt = Put before the reviewers
letter-no-folder = This server holds no texts of the study (start it with --texts). What the ledger records is shown.
letter-versions = Versions in the ledger
letter-no-versions = No text was put before the reviewers yet.
letter-state-draft = Under review
letter-state-signed = Signed off { $x }
letter-state-issued = Issued { $x }
letter-cutoff = Data cut-off { $x }
letter-findings = To mend: { $n }
letter-unreviewed = Readings not reviewed: { $n }
letter-embargo = Under embargo until { $x }
letter-read = Page
letter-large = Large print
letter-large-pdf = Large print, PDF
letter-comment = What the patient representatives say
letter-comment-record = Record the comment
letter-sign = Sign off
letter-how-issued = How and to whom
letter-issue = Issue as final
letter-one = Participant { $x }
letter-choose = Please choose
letter-vital = Vital status
letter-vital-alive = Alive
letter-vital-dead = Dead
letter-vital-unknown = Not known
letter-wishes = Wishes to know the results
letter-wishes-yes = Wishes to know
letter-wishes-no = Does not wish to know
letter-asked-on = Day of asking
letter-ask = Record
letter-none-signed = No letter is signed off yet.
letter-how = How it was handed over
letter-handed-on = Day of hand-over
letter-hand-over = Record the hand-over
letter-people = Participants of your site
letter-participant = Participant
letter-asked = Asked
letter-wish = Wish to know
letter-handed = Handed over
letter-log = Hand-over
letter-none-handed = No letter was handed over yet.
