import Kernels

/// What a clause lays down, and the rule by which it is unfair. Times are in days, caps in months of fees, penalties in percent.
enum ClauseTerms: Sendable, Hashable {
    /// Unfair when the strong party may change the terms alone, with less than thirty days' notice or with no right to leave.
    case change(alone: Bool, notice: Int, mayLeave: Bool)
    /// Unfair when the strong party may end the contract on shorter notice than the weak one.
    case termination(strong: Int, weak: Int)
    /// Unfair when the cap is below six months of fees, or when it covers intent too. 0: no liability at all.
    case liability(cap: Int, coversIntent: Bool)
    /// Unfair when only the courts at the seat of the strong party may decide.
    case courts(Courts)
    /// Unfair when it renews for more than one year, or with a reminder of less than thirty days. 0: without reminder.
    case renewal(years: Int, reminder: Int)
    /// Unfair when the weak party alone pays, and more than five percent.
    case penalty(percent: Int, weakAlone: Bool)
    /// Unfair when the deposit comes back after more than thirty days.
    case deposit(returned: Int)
    /// Unfair when personal data are passed on without consent.
    case data(consent: Bool)

    enum Courts: Sendable, CaseIterable { case seatOfStrong, homeOfWeak, either }

    static let kindCount = 8

    private static let times = [7, 10, 14, 20, 30, 45, 60, 90]

    /// Draws terms of a kind, fair or not as it comes.
    init(kind: Int, _ random: inout RandomStream) {
        switch kind {
        case 0: self = .change(alone: random.below(4) > 0, notice: random.pick([0] + Self.times), mayLeave: random.below(3) > 0)
        case 1: self = .termination(strong: random.pick(Self.times), weak: random.pick(Self.times))
        case 2: self = .liability(cap: random.pick([0, 1, 2, 3, 6, 9, 12, 24]), coversIntent: random.below(5) == 0)
        case 3: self = .courts(random.pick(Courts.allCases))
        case 4: self = .renewal(years: 1 + random.below(2), reminder: random.pick([0, 10, 20, 30, 45, 60]))
        case 5: self = .penalty(percent: random.pick([1, 2, 3, 5, 8, 10, 20]), weakAlone: random.below(3) > 0)
        case 6: self = .deposit(returned: random.pick(Self.times))
        default: self = .data(consent: random.below(2) == 0)
        }
    }

    var isUnfair: Bool {
        switch self {
        case .change(let alone, let notice, let mayLeave): alone && (notice < 30 || !mayLeave)
        case .termination(let strong, let weak): strong < weak
        case .liability(let cap, let coversIntent): cap < 6 || coversIntent
        case .courts(let courts): courts == .seatOfStrong
        case .renewal(let years, let reminder): years > 1 || reminder < 30
        case .penalty(let percent, let weakAlone): weakAlone && percent > 5
        case .deposit(let returned): returned > 30
        case .data(let consent): !consent
        }
    }

    /// The clause, in one of several wordings.
    func text(_ roles: ContractRoles, _ random: inout RandomStream) -> String {
        let (strong, weak) = ("the \(roles.strong)", "the \(roles.weak)")
        let first = random.below(2) == 0
        let sentence: String
        switch self {
        case .change(let alone, let notice, let mayLeave):
            let time = notice == 0 ? "without notice" : "upon not less than \(Self.days(notice)) notice in writing"
            if alone {
                sentence = first ? "\(strong) may alter these terms at its sole discretion \(time)" : "\(strong) reserves the right to amend any provision hereof \(time)"
            } else {
                sentence = first ? "these terms may be altered only by agreement of both parties, \(time)" : "no amendment shall take effect unless \(strong) and \(weak) consent to it, \(time)"
            }
            return English.capitalised(sentence) + (mayLeave
                ? ", and \(weak) may thereupon withdraw from the agreement." : ", and \(weak) shall remain bound by the agreement.")
        case .termination(let strongDays, let weakDays):
            let ofStrong = Self.days(strongDays), ofWeak = Self.days(weakDays)
            sentence = first
                ? "\(strong) may terminate this agreement on \(ofStrong) notice, and \(weak) on \(ofWeak) notice"
                : "this agreement may be determined by \(weak) upon \(ofWeak) notice and by \(strong) upon \(ofStrong) notice"
        case .liability(let cap, let coversIntent):
            let limit = cap == 0 ? "is excluded" : "shall not exceed the fees paid in \(Self.months(cap))"
            let scope = coversIntent ? "even where the loss was caused wilfully" : "save where the loss was caused wilfully"
            sentence = first ? "the liability of \(strong) \(limit), \(scope)" : "to the extent of any claim by \(weak), the aggregate liability of \(strong) \(limit), \(scope)"
        case .courts(let courts):
            let place =
                switch courts {
                case .seatOfStrong: "the courts at the seat of \(strong)"
                case .homeOfWeak: "the courts at the residence of \(weak)"
                case .either: "the courts at the seat of \(strong) or at the residence of \(weak), at the choice of the claimant"
                }
            sentence = first
                ? "any dispute arising hereunder shall be submitted to \(place)"
                : "jurisdiction over all claims shall lie with \(place)" + (courts == .either ? "" : ", to the exclusion of all other courts")
        case .renewal(let years, let reminder):
            let term = years == 1 ? "one further year" : "two further years"
            let notice = reminder == 0 ? "without any reminder" : "provided that \(strong) has sent a reminder \(Self.days(reminder, possessive: false)) before"
            sentence = first ? "upon expiry this agreement shall be renewed for \(term), \(notice)" : "unless \(weak) objects, the term is extended by \(term), \(notice)"
        case .penalty(let percent, let weakAlone):
            let payer = weakAlone ? "\(weak)" : "whichever party is in default"
            sentence = first
                ? "in the event of late performance \(payer) shall pay a penalty of \(Self.number(percent)) percent of the price"
                : "a charge of \(Self.number(percent)) percent of the price shall be borne by \(payer) upon any delay"
        case .deposit(let returned):
            sentence = first
                ? "\(strong) shall return the deposit to \(weak) within \(Self.days(returned, possessive: false)) of the end of the agreement"
                : "the security deposited by \(weak) shall be repaid not later than \(Self.days(returned, possessive: false)) after termination"
        case .data(let consent):
            let permission = consent ? "only with the express consent of \(weak)" : "without the consent of \(weak)"
            sentence = first ? "\(strong) may disclose personal data to third parties \(permission)" : "particulars of \(weak) may be passed to affiliates of \(strong) \(permission)"
        }
        return English.capitalised(sentence) + "."
    }

    /// Why it is fair or unfair: the part of the rule that decides.
    func reason(_ roles: ContractRoles) -> String {
        let (strong, weak) = ("the \(roles.strong)", "the \(roles.weak)")
        switch self {
        case .change(let alone, let notice, let mayLeave):
            if !alone { return "both parties must agree to a change" }
            if notice < 30 { return "\(strong) alone may change the terms with less than thirty days' notice" }
            return mayLeave ? "\(weak) has thirty days or more and may withdraw" : "\(weak) may not withdraw after a change"
        case .termination: return isUnfair ? "\(strong) may leave on shorter notice than \(weak)" : "\(weak) need not give longer notice than \(strong)"
        case .liability(let cap, let coversIntent):
            if coversIntent { return "it covers wilful harm too" }
            return cap < 6 ? "less than six months of fees are payable" : "six months of fees or more are payable"
        case .courts: return isUnfair ? "\(weak) could sue only at the seat of \(strong)" : "\(weak) may sue at home"
        case .renewal(let years, let reminder):
            if years > 1 { return "it renews for more than one year" }
            return reminder < 30 ? "there is no reminder thirty days before" : "\(weak) is reminded thirty days before or earlier"
        case .penalty(let percent, let weakAlone):
            if !weakAlone { return "either party would pay" }
            return percent > 5 ? "\(weak) alone pays more than five percent" : "five percent or less is a moderate charge"
        case .deposit: return isUnfair ? "the deposit is kept for more than thirty days" : "the deposit comes back within thirty days"
        case .data(let consent): return consent ? "\(weak) must consent" : "nobody asks \(weak)"
        }
    }

    private static let words = [
        1: "one", 2: "two", 3: "three", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten", 12: "twelve", 14: "fourteen",
        20: "twenty", 24: "twenty-four", 30: "thirty", 45: "forty-five", 60: "sixty", 90: "ninety",
    ]

    /// "thirty (30)".
    static func number(_ number: Int) -> String { words[number].map { "\($0) (\(number))" } ?? "\(number)" }
    private static func days(_ count: Int, possessive: Bool = true) -> String { number(count) + (possessive ? " days'" : " days") }
    private static func months(_ count: Int) -> String { number(count) + (count == 1 ? " month" : " months") }
}
