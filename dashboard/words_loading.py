"""Words of the loaders' newer rules and measures; dashboard/words.py takes them over."""

TEXTS = {
    "vi": {
        "kind.staff": "Cài đặt ứng dụng",
        "kind.assessments": "Tự đánh giá của cơ quan",
        "kind.solution": "Giải pháp đang áp dụng",
        "measure.hour_scans": "Lượt quét theo giờ",
        "measure.hour_people": "Số người theo giờ",
    },
    "en": {
        "kind.staff": "Staff with the app",
        "kind.assessments": "Self-assessments",
        "kind.solution": "Solution in force",
        "measure.hour_scans": "Scans by the hour",
        "measure.hour_people": "People by the hour",
    },
}

RULES = {
    "unknown_system": "hệ thống chưa biết, xếp vào Khác",
    "not_in_register": "cơ quan chưa có trong danh sách phải tạo của xã",
    "installed_above_staff": "số người đã cài đặt nhiều hơn số cán bộ",
    "other_minutes": "thời gian đếm không trong khoảng 30 đến 60 phút",
    "past_retention": "lượt đến đã quá hạn lưu, số liệu của ngày này đã xóa",
    "mixed_signs": "cột khi dùng dấu chấm, khi dùng dấu phẩy, không rõ dấu nào tách hàng nghìn",
    "above_capacity": "nhiều hơn mức một địa điểm quét được, cứ hai giây một lượt không nghỉ",
    "outlier": "cao khác thường so với các số khác của tệp",
    "hours_above_day": "các giờ cộng lại nhiều lượt quét hơn cả ngày",
    "above_created": "số địa điểm có quét nhiều hơn số địa điểm của xã đã tạo mã đến ngày đó",
    "above_total": "nhiều hơn số lũy kế",
    "venue_elsewhere": "xã ghi bên cạnh không phải xã của địa điểm mang mã này",
    "total_falls": "số lũy kế thấp hơn của một ngày trước",
}
