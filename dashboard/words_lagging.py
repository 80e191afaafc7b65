"""Words about lagging units, deadlines and trends, by language; part of dashboard.words.TEXTS."""

WORDS = {
    "vi": {
        "verdict.lagging": "chậm",
        "verdict.watch": "cần theo dõi",
        "verdict.ok": "không chậm",
        "verdict.too few": "chưa đủ để so sánh",
        "reason.creation": "{name}: {numerator}/{denominator} địa điểm phải tạo đã có mã QR ({rate}; khoảng tin cậy {low}–{high}), thấp hơn mức {parent_rate} của {parent}",
        "reason.activity": "{name}: {numerator}/{denominator} địa điểm hoạt động ({rate}; khoảng tin cậy {low}–{high}), thấp hơn mức {parent_rate} của {parent}",
        "reason.weeks": "tuần thứ {weeks} liên tiếp",
        "reason.watch": "cần theo dõi, chưa đủ căn cứ để xếp là chậm",
        "reason.no_scans": "{name}: không có lượt quét nào trong tuần báo cáo gần nhất",
        "reason.no_scans_weeks": "{name}: không có lượt quét nào trong {weeks} tuần báo cáo liên tiếp",
    },
    "en": {
        "verdict.lagging": "lagging",
        "verdict.watch": "watch",
        "verdict.ok": "not lagging",
        "verdict.too few": "too few to judge",
        "reason.creation": "{name}: {numerator} of {denominator} obliged venues have a QR code ({rate}; interval {low}–{high}), below the {parent_rate} of {parent}",
        "reason.activity": "{name}: {numerator} of {denominator} venues active ({rate}; interval {low}–{high}), below the {parent_rate} of {parent}",
        "reason.weeks": "week {weeks} running",
        "reason.watch": "to watch; not enough yet to call it lagging",
        "reason.no_scans": "{name}: no scan at all in the last report week",
        "reason.no_scans_weeks": "{name}: no scan at all in {weeks} report weeks running",
    },
}
